"""What is known of a customer, and what the customer's orders come to."""

from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from order_history_service.domain.errors import CustomerNotFoundError
from order_history_service.domain.states import OrderState
from order_history_service.domain.summary import CustomerSummary, Tally
from order_history_service.view.tables import customers, orders


async def summarise(session: AsyncSession, customer_id: str) -> CustomerSummary:
    """Raises CustomerNotFoundError where there is neither a customer nor an order.

    It is counted when it is asked for: totals that events add to would be wrong as soon as an event
    or a snapshot were applied over what is there. An index holds all that is counted.
    """
    known = (await session.execute(customer_statement(customer_id))).one_or_none()
    rows = (await session.execute(tallies_statement(customer_id))).all()
    if known is None and not rows:
        raise CustomerNotFoundError(customer_id)
    return CustomerSummary(
        customer_id=customer_id,
        name=known and known.name,
        country=known and known.country,
        by_state={OrderState(row.state): Tally(orders=row.orders, total=row.total) for row in rows},
    )


def customer_statement(customer_id: str) -> Select[Any]:
    return select(customers).where(customers.c.customer_id == customer_id)


def tallies_statement(customer_id: str) -> Select[Any]:
    return (
        select(
            orders.c.state,
            func.count().label("orders"),
            func.sum(orders.c.total).label("total"),
        )
        .where(orders.c.customer_id == customer_id, orders.c.placed_at.is_not(None))
        .group_by(orders.c.state)
        .order_by(orders.c.state)
    )
