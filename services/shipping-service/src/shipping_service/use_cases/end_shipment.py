"""What the carrier says at the end of the way."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.outbox.publishing import publish
from shipping_service.messaging.contracts import ShipmentDelivered, ShipmentFailed
from shipping_service.persistence.shipments import get_shipment


async def deliver_shipment(session: AsyncSession, order_id: UUID) -> None:
    """The customer has the goods; publishes ShipmentDelivered."""
    shipment = await get_shipment(session, order_id)
    shipment.deliver(at=datetime.now(UTC))
    publish(session, ShipmentDelivered.model_validate(shipment))


async def fail_shipment(session: AsyncSession, order_id: UUID) -> None:
    """The goods come back; publishes ShipmentFailed."""
    shipment = await get_shipment(session, order_id)
    shipment.fail(at=datetime.now(UTC))
    publish(session, ShipmentFailed.model_validate(shipment))
