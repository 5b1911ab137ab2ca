"""Keep an order that could not be cancelled."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from order_service.persistence.orders import get_order


async def undo_cancellation(session: AsyncSession, order_id: UUID) -> None:
    """The order's goods could not be held back: it is as it would be without the request."""
    order = await get_order(session, order_id)
    order.undo_cancellation()
