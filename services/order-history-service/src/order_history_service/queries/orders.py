"""Finding orders, newest first, and putting them together from what each context has told."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from order_history_service.domain.errors import OrderNotFoundError
from order_history_service.domain.order import Item, Order, Shipment
from order_history_service.domain.order_filter import OrderFilter
from order_history_service.domain.position import Position
from order_history_service.domain.states import OrderState, ShipmentState
from order_history_service.queries.order_statements import (
    items_statement,
    order_statement,
    page_statement,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """Some orders, and where to go on; `following` is None where these were the last."""

    orders: tuple[Order, ...]
    following: Position | None


async def find_orders(
    session: AsyncSession, wanted: OrderFilter, *, after: Position | None, limit: int
) -> Page:
    """The next orders after a position, or the newest.

    Orders that are placed while somebody turns the pages are newer than all of them, so no page
    repeats or leaves out an order.
    """
    rows = (await session.execute(page_statement(wanted, after, limit + 1))).all()
    found = await _together(session, rows[:limit])
    last = found[-1] if len(rows) > limit else None
    following = None if last is None else Position(last.placed_at, last.order_id)
    return Page(orders=found, following=following)


async def get_order(session: AsyncSession, order_id: UUID) -> Order:
    """The order; raises OrderNotFoundError, also while its beginning has not arrived."""
    rows = (await session.execute(order_statement(order_id))).all()
    if not rows:
        raise OrderNotFoundError(order_id)
    [order] = await _together(session, rows)
    return order


async def _together(session: AsyncSession, rows: Sequence[Row[Any]]) -> tuple[Order, ...]:
    items = await _items(session, [row.order_id for row in rows])
    return tuple(_order(row, items[row.order_id]) for row in rows)


async def _items(
    session: AsyncSession, order_ids: Sequence[UUID]
) -> Mapping[UUID, tuple[Item, ...]]:
    found: defaultdict[UUID, tuple[Item, ...]] = defaultdict(tuple)
    for row in await session.execute(items_statement(order_ids)):
        found[row.order_id] += (
            Item(
                product_id=row.product_id,
                product_name=row.name,
                quantity=row.quantity,
                unit_price=row.unit_price,
            ),
        )
    return found


def _order(row: Row[Any], items: tuple[Item, ...]) -> Order:
    return Order(
        order_id=row.order_id,
        customer_id=row.customer_id,
        customer_name=row.customer_name,
        state=OrderState(row.state),
        rejection_reason=row.rejection_reason,
        total=row.total,
        placed_at=row.placed_at,
        decided_at=row.decided_at,
        ended_at=row.ended_at,
        items=items,
        shipment=_shipment(row),
    )


def _shipment(row: Row[Any]) -> Shipment | None:
    if row.shipment_state is None:
        return None
    return Shipment(
        state=ShipmentState(row.shipment_state),
        scheduled_at=row.scheduled_at,
        dispatched_at=row.dispatched_at,
        ended_at=row.shipment_ended_at,
    )
