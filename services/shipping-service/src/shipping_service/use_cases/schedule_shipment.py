"""Have the goods of an order ready for the carrier."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.outbox.publishing import publish
from shipping_service.messaging.contracts import ShipmentScheduled
from shipping_service.persistence.shipments import get_shipment


async def schedule_shipment(session: AsyncSession, order_id: UUID) -> None:
    """The carrier comes for a requested shipment; publishes ShipmentScheduled."""
    shipment = await get_shipment(session, order_id)
    shipment.schedule(at=datetime.now(UTC))
    publish(session, ShipmentScheduled.model_validate(shipment))
