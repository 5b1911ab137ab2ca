"""Finding shipments."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from shipping_service.domain.errors import ShipmentNotFoundError
from shipping_service.domain.shipment import Shipment, ShipmentState
from shipping_service.persistence.tables import shipments


async def get_shipment(session: AsyncSession, order_id: UUID) -> Shipment:
    """The shipment of an order; raises ShipmentNotFoundError."""
    shipment = await session.get(Shipment, order_id)
    if shipment is None:
        raise ShipmentNotFoundError(order_id)
    return shipment


async def shipments_after(
    session: AsyncSession, after: UUID | None, limit: int, state: ShipmentState | None
) -> Sequence[Shipment]:
    """A page of shipments in the order of their orders' placing."""
    statement = select(Shipment).order_by(shipments.c.order_id).limit(limit)
    if after is not None:
        statement = statement.where(shipments.c.order_id > after)
    if state is not None:
        statement = statement.where(shipments.c.state == state)
    return (await session.scalars(statement)).all()
