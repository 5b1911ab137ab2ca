"""What the history says of an order's states and of a customer's sums."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from order_history_service.domain.errors import InvalidFilterError
from order_history_service.domain.order import Order
from order_history_service.domain.order_filter import OrderFilter
from order_history_service.domain.states import OrderState
from order_history_service.domain.summary import CustomerSummary, Tally

PLACED = datetime(2026, 11, 24, 12, tzinfo=UTC)
DECIDED = PLACED + timedelta(seconds=1)
ENDED = PLACED + timedelta(days=2)


def order(state: OrderState, *, ended_at: datetime | None = None) -> Order:
    return Order(
        order_id=UUID(int=1),
        customer_id="ALFKI",
        customer_name=None,
        state=state,
        rejection_reason=None,
        total=Decimal("14.00"),
        placed_at=PLACED,
        decided_at=None if state is OrderState.PENDING else DECIDED,
        ended_at=ended_at,
        items=(),
        shipment=None,
    )


def changes(one: Order) -> list[tuple[str, datetime | None]]:
    return [(change.state, change.at) for change in one.changes]


def test_an_order_has_been_in_every_state_on_its_way():
    pending = [("PENDING", PLACED)]
    assert changes(order(OrderState.PENDING)) == pending
    assert changes(order(OrderState.REJECTED)) == [*pending, ("REJECTED", DECIDED)]
    assert changes(order(OrderState.APPROVED)) == [*pending, ("APPROVED", DECIDED)]
    for end in (OrderState.CANCELLED, OrderState.DELIVERED, OrderState.UNDELIVERED):
        assert changes(order(end, ended_at=ENDED)) == [
            *pending,
            ("APPROVED", DECIDED),
            (end, ENDED),
        ]


def test_an_end_whose_time_was_not_kept_is_shown_without_it():
    assert changes(order(OrderState.DELIVERED))[-1] == ("DELIVERED", None)


def test_a_summary_tells_what_is_spent_open_and_cancelled():
    summary = CustomerSummary(
        customer_id="ALFKI",
        name=None,
        country=None,
        by_state={
            OrderState.PENDING: Tally(orders=1, total=Decimal("1.00")),
            OrderState.APPROVED: Tally(orders=2, total=Decimal("20.00")),
            OrderState.REJECTED: Tally(orders=3, total=Decimal("300.00")),
            OrderState.CANCELLED: Tally(orders=4, total=Decimal("4000.00")),
            OrderState.DELIVERED: Tally(orders=5, total=Decimal("50000.00")),
        },
    )
    assert summary.orders == 15
    assert summary.spent == Decimal("50000.00")
    assert summary.open == Decimal("21.00")
    assert summary.cancelled == Decimal("4000.00")


def test_a_summary_of_nothing_is_nought():
    summary = CustomerSummary(customer_id="ALFKI", name=None, country=None, by_state={})
    assert (summary.orders, summary.spent, summary.open, summary.cancelled) == (0, 0, 0, 0)


def test_a_filter_that_nothing_can_pass_is_refused():
    with pytest.raises(InvalidFilterError, match="placed_before"):
        OrderFilter(placed_from=PLACED, placed_before=PLACED)
    with pytest.raises(InvalidFilterError, match="no word"):
        OrderFilter(search="-- !")
