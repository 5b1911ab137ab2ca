"""Close an order whose goods come back."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.outbox.publishing import publish
from order_service.flows import CREDIT_RETURN, FULFILMENT, RESTOCKING
from order_service.messaging.contracts import OrderUndelivered
from order_service.persistence.orders import get_order


async def fail_delivery(session: AsyncSession, order_id: UUID) -> None:
    """The order could not be delivered: its goods and its credit are expected to be given back.

    Publishes OrderUndelivered.
    """
    order = await get_order(session, order_id)
    order.fail_delivery(at=datetime.now(UTC))
    publish(session, OrderUndelivered.model_validate(order))
    FULFILMENT.end(session, order_id)
    RESTOCKING.expect(session, order_id)
    CREDIT_RETURN.expect(session, order_id)
