"""Begin to cancel an order."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from order_service.persistence.orders import get_order


async def begin_cancellation(session: AsyncSession, order_id: UUID) -> None:
    """Lock an approved order for its cancellation; nothing has been given back yet.

    Raises OrderNotFoundError, OrderUndecidedError or OrderStateError.
    """
    order = await get_order(session, order_id)
    order.begin_cancellation()
