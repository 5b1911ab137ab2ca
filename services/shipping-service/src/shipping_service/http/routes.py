"""The HTTP interface: looking at shipments. What happens to them, events decide."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from chassis.http import Transaction, documented
from shipping_service.domain.shipment import ShipmentState
from shipping_service.http.models import ShipmentAnswer
from shipping_service.http.problems import SHIPMENT_NOT_FOUND
from shipping_service.persistence.shipments import get_shipment, shipments_after

router = APIRouter(prefix="/shipments", tags=["shipments"])


@router.get("/{order_id}", responses=documented(SHIPMENT_NOT_FOUND))
async def show_shipment(order_id: UUID, session: Transaction) -> ShipmentAnswer:
    """The shipment of an order."""
    return ShipmentAnswer.model_validate(await get_shipment(session, order_id))


@router.get("")
async def list_shipments(
    session: Transaction,
    after: Annotated[UUID | None, Query(description="Last order of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 500,
    state: ShipmentState | None = None,
) -> list[ShipmentAnswer]:
    """Shipments in the order of their orders' placing, a page at a time."""
    page = await shipments_after(session, after, limit, state)
    return [ShipmentAnswer.model_validate(shipment) for shipment in page]
