"""What the domain's errors mean in HTTP."""

from chassis.http import ProblemType
from shipping_service.domain.errors import ShipmentNotFoundError

SHIPMENT_NOT_FOUND = ProblemType(
    error=ShipmentNotFoundError, status=404, name="shipment-not-found", title="No such shipment"
)

PROBLEMS = (SHIPMENT_NOT_FOUND,)
