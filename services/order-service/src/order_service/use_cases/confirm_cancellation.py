"""Cancel an order for good."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.outbox.publishing import publish
from order_service.flows import FULFILMENT
from order_service.messaging.contracts import OrderCancelled
from order_service.persistence.orders import get_order


async def confirm_cancellation(session: AsyncSession, order_id: UUID) -> None:
    """Cancel the order, whose stock and credit are given back; publishes OrderCancelled."""
    order = await get_order(session, order_id)
    order.confirm_cancellation(at=datetime.now(UTC))
    publish(session, OrderCancelled.model_validate(order))
    FULFILMENT.end(session, order_id)
