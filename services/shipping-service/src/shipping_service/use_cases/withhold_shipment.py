"""Do not send what was cancelled."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.outbox.publishing import publish
from shipping_service.messaging.contracts import ShipmentWithheld
from shipping_service.persistence.shipments import get_shipment


async def withhold_shipment(session: AsyncSession, order_id: UUID) -> None:
    """Let the carrier leave without the goods; publishes ShipmentWithheld."""
    shipment = await get_shipment(session, order_id)
    shipment.withhold(at=datetime.now(UTC))
    publish(session, ShipmentWithheld.model_validate(shipment))
