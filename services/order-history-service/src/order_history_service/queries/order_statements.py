"""The statements by which orders are found."""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    FromClause,
    Select,
    Table,
    Text,
    Uuid,
    any_,
    func,
    literal,
    literal_column,
    select,
    true,
    tuple_,
)

from order_history_service.domain.order_filter import OrderFilter
from order_history_service.domain.position import Position
from order_history_service.domain.states import OrderState
from order_history_service.view.tables import (
    customers,
    order_lines,
    orders,
    products,
    shipments,
)


def order_statement(order_id: UUID) -> Select[Any]:
    return _with_neighbours(select(orders).where(_is_shown(), orders.c.order_id == order_id))


def page_statement(wanted: OrderFilter, after: Position | None, limit: int) -> Select[Any]:
    page = select(orders).where(_is_shown(), *_conditions(wanted))
    if after is not None:
        place = tuple_(orders.c.placed_at, orders.c.order_id)
        page = page.where(
            place
            < tuple_(
                literal(after.placed_at, orders.c.placed_at.type),
                literal(after.order_id, orders.c.order_id.type),
            )
        )
    return _with_neighbours(_newest_first(page, orders).limit(limit))


def items_statement(order_ids: Sequence[UUID]) -> Select[Any]:
    name = _looked_up(products, products.c.product_id == order_lines.c.product_id)
    return (
        select(order_lines, name.c.name)
        .select_from(order_lines.outerjoin(name, true()))
        .where(order_lines.c.order_id == any_(literal(list(order_ids), ARRAY(Uuid))))
        .order_by(order_lines.c.order_id, order_lines.c.number)
    )


def _is_shown() -> ColumnElement[bool]:
    """An order without its beginning would be half a one."""
    return orders.c.placed_at.is_not(None)


def _conditions(wanted: OrderFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.customer_id is not None:
        yield orders.c.customer_id == wanted.customer_id
    if wanted.placed_from is not None:
        yield orders.c.placed_at >= wanted.placed_from
    if wanted.placed_before is not None:
        yield orders.c.placed_at < wanted.placed_before
    if wanted.states:
        yield _in_state(sorted(wanted.states))
    if wanted.search is not None:
        yield orders.c.order_id.in_(_orders_of(wanted.search))


def _in_state(states: list[OrderState]) -> ColumnElement[bool]:
    """By `=` where there is one: only then an index has them in the order of their placing."""
    if len(states) == 1:
        return orders.c.state == states[0]
    return orders.c.state == any_(literal(states, ARRAY(Text)))


def _orders_of(search: str) -> Select[UUID]:
    query = func.websearch_to_tsquery(literal_column("'simple'"), search)
    return (
        select(order_lines.c.order_id)
        .join(products, products.c.product_id == order_lines.c.product_id)
        .where(products.c.words.bool_op("@@")(query))
    )


def _newest_first(statement: Select[Any], source: FromClause) -> Select[Any]:
    return statement.order_by(source.c.placed_at.desc(), source.c.order_id.desc())


def _with_neighbours(chosen: Select[Any]) -> Select[Any]:
    """What others tell of the orders, looked up only once they are chosen."""
    page = chosen.subquery("page")
    customer = _looked_up(customers, customers.c.customer_id == page.c.customer_id)
    shipment = _looked_up(shipments, shipments.c.order_id == page.c.order_id)
    joined = select(
        page,
        customer.c.name.label("customer_name"),
        shipment.c.state.label("shipment_state"),
        shipment.c.scheduled_at,
        shipment.c.dispatched_at,
        shipment.c.ended_at.label("shipment_ended_at"),
    ).select_from(page.outerjoin(customer, true()).outerjoin(shipment, true()))
    return _newest_first(joined, page)


def _looked_up(table: Table, condition: ColumnElement[bool]) -> FromClause:
    """The one row, by its key for each row that wants it, however large or small the table is.

    The limit keeps PostgreSQL from reading all of a table for a page's worth of rows.
    """
    return select(table).where(condition).limit(1).lateral()
