"""Have an approved order shipped."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.persistence.loading import loaded
from shipping_service.carrier.port import Carrier
from shipping_service.domain.shipment import Shipment, ShipmentLine


async def request_shipment(
    session: AsyncSession,
    carrier: Carrier,
    *,
    order_id: UUID,
    customer_id: str,
    lines: tuple[ShipmentLine, ...],
) -> None:
    """Keep a new shipment and ask the carrier for a pickup.

    Nothing is done where the session has loaded a shipment of the order: it is shipped only once.
    """
    if loaded(session, Shipment, order_id) is not None:
        return
    now = datetime.now(UTC)
    session.add(Shipment(order_id=order_id, customer_id=customer_id, lines=lines, requested_at=now))
    carrier.request_pickup(session, order_id, at=now)
