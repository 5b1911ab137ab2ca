"""Begin to cancel an order."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from order_service.domain.errors import OrderUndecidedError
from order_service.domain.order import OrderState
from order_service.persistence.orders import get_order, work_on


async def begin_cancellation(session: AsyncSession, order_id: UUID) -> None:
    """Lock an approved order for its cancellation; nothing has been given back yet.

    Raises OrderNotFoundError, OrderStateError, or OrderUndecidedError that says who decides it.
    """
    order = await get_order(session, order_id)
    if order.state is OrderState.PENDING:
        raise OrderUndecidedError(order_id, await work_on(session, order))
    order.begin_cancellation()
