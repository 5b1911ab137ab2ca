"""Finding orders, and the sagas that worked on them."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Row, Select, Text, cast, select
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.persistence.tables import saga_instances
from order_service.domain.errors import OrderNotFoundError
from order_service.domain.order import Order, OrderState
from order_service.domain.work import Work
from order_service.persistence.tables import orders

OrderAndSaga = Row[Order, UUID | None]
"""An order with the last saga that was started for it."""


async def get_order(session: AsyncSession, order_id: UUID, *, lock: bool = False) -> Order:
    """The order, with `lock` until the transaction ends; raises OrderNotFoundError."""
    order = await session.get(Order, order_id, with_for_update=lock or None)
    if order is None:
        raise OrderNotFoundError(order_id)
    return order


async def get_order_and_saga(session: AsyncSession, order_id: UUID) -> OrderAndSaga:
    """Raises OrderNotFoundError."""
    statement = _orders_and_sagas().where(orders.c.order_id == order_id)
    found = (await session.execute(statement)).one_or_none()
    if found is None:
        raise OrderNotFoundError(order_id)
    return found


async def work_on(session: AsyncSession, order: Order) -> Work | None:
    """The saga that works on the order, if its state says that one does."""
    if not order.is_locked:
        return None
    statement = (
        select(
            saga_instances.c.saga_type,
            saga_instances.c.saga_id,
            saga_instances.c.created_at.label("since"),
        )
        .where(saga_instances.c.subject_key == str(order.order_id))
        .where(saga_instances.c.ended_at.is_(None))
        .order_by(saga_instances.c.created_at.desc())
        .limit(1)
    )
    found = (await session.execute(statement)).one_or_none()
    return None if found is None else Work(**found._asdict())


async def orders_after(
    session: AsyncSession, after: UUID | None, limit: int, state: OrderState | None
) -> Sequence[OrderAndSaga]:
    """A page of orders in the order of their placing."""
    statement = _orders_and_sagas().order_by(orders.c.order_id).limit(limit)
    if after is not None:
        statement = statement.where(orders.c.order_id > after)
    if state is not None:
        statement = statement.where(orders.c.state == state)
    return (await session.execute(statement)).all()


def _orders_and_sagas() -> Select[Order, UUID | None]:
    last_saga = (
        select(saga_instances.c.saga_id)
        .where(saga_instances.c.subject_key == cast(orders.c.order_id, Text))
        .order_by(saga_instances.c.created_at.desc())
        .limit(1)
        .scalar_subquery()
    )
    return select(Order, last_saga)
