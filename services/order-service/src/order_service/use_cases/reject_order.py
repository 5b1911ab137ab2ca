"""Reject an order."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.outbox.publishing import publish
from order_service.domain.order import RejectionReason
from order_service.messaging.contracts import OrderRejected
from order_service.persistence.orders import get_order


async def reject_order(session: AsyncSession, order_id: UUID, reason: RejectionReason) -> None:
    """Reject a pending order, which takes neither credit nor stock; publishes OrderRejected."""
    order = await get_order(session, order_id)
    order.reject(reason, at=datetime.now(UTC))
    publish(session, OrderRejected.model_validate(order))
