"""Close an order whose goods have arrived."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.outbox.publishing import publish
from order_service.flows import FULFILMENT
from order_service.messaging.contracts import OrderDelivered
from order_service.persistence.orders import get_order


async def deliver_order(session: AsyncSession, order_id: UUID) -> None:
    """The customer has the goods; publishes OrderDelivered."""
    order = await get_order(session, order_id)
    order.deliver(at=datetime.now(UTC))
    publish(session, OrderDelivered.model_validate(order))
    FULFILMENT.end(session, order_id)
