"""Place an order."""

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.outbox.publishing import publish
from order_service.domain.order import Order
from order_service.messaging.contracts import OrderPlaced


async def place_order(session: AsyncSession, order: Order) -> None:
    """Keep a new order, which is PENDING until it is decided; publishes OrderPlaced."""
    session.add(order)
    publish(session, OrderPlaced.model_validate(order))
