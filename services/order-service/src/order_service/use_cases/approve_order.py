"""Approve an order."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.outbox.publishing import publish
from order_service.flows import FULFILMENT
from order_service.messaging.contracts import OrderApproved
from order_service.persistence.orders import get_order


async def approve_order(session: AsyncSession, order_id: UUID) -> None:
    """Approve a pending order, whose credit and stock are taken; publishes OrderApproved."""
    order = await get_order(session, order_id)
    order.approve(at=datetime.now(UTC))
    publish(session, OrderApproved.model_validate(order))
    FULFILMENT.expect(session, order_id)
