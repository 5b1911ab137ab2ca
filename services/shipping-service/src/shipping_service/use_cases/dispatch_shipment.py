"""Send an order's goods on their way."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.outbox.publishing import publish
from shipping_service.carrier.port import Carrier
from shipping_service.messaging.contracts import ShipmentDispatched
from shipping_service.persistence.shipments import get_shipment


async def dispatch_shipment(session: AsyncSession, carrier: Carrier, order_id: UUID) -> None:
    """Give the issued goods to the carrier; publishes ShipmentDispatched."""
    now = datetime.now(UTC)
    shipment = await get_shipment(session, order_id)
    shipment.dispatch(at=now)
    publish(session, ShipmentDispatched.model_validate(shipment))
    carrier.hand_over(session, order_id, at=now)
