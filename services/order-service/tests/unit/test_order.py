"""An order's life, and what may be ordered at all."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from order_service.domain.errors import InvalidOrderError, OrderStateError, OrderUndecidedError
from order_service.domain.order import Order, OrderState, RejectionReason
from order_service.domain.order_line import OrderLine

NOW = datetime(2026, 1, 2, tzinfo=UTC)
LATER = datetime(2026, 1, 3, tzinfo=UTC)
GOODS_MAY_LEAVE = (OrderState.APPROVED, OrderState.CANCEL_PENDING)
CLOSED_BY_SHIPMENT = (OrderState.DELIVERED, OrderState.UNDELIVERED)
VERBS = {
    "approve": lambda order: order.approve(at=LATER),
    "reject": lambda order: order.reject(RejectionReason.OUT_OF_STOCK, at=LATER),
    "begin": lambda order: order.begin_cancellation(),
    "undo": lambda order: order.undo_cancellation(),
    "confirm": lambda order: order.confirm_cancellation(at=LATER),
    "deliver": lambda order: order.deliver(at=LATER),
    "fail": lambda order: order.fail_delivery(at=LATER),
}


def line(quantity: int = 1, unit_price: str = "1.00") -> OrderLine:
    return OrderLine(product_id="11", quantity=quantity, unit_price=Decimal(unit_price))


def an_order(*lines: OrderLine, state: OrderState = OrderState.PENDING) -> Order:
    order = Order.place(order_id=UUID(int=1), customer_id="ALFKI", lines=lines or (line(),), at=NOW)
    order.state = state
    return order


def test_a_new_order_is_pending_and_adds_up():
    order = an_order(line(12, "14.00"), line(10, "9.80"))

    assert order.state is OrderState.PENDING
    assert order.total == Decimal("266.00")
    assert (order.placed_at, order.decided_at, order.rejection_reason) == (NOW, None, None)


def test_an_approved_order_says_when():
    order = an_order()

    order.approve(at=LATER)

    assert (order.state, order.decided_at) == (OrderState.APPROVED, LATER)


def test_a_rejected_order_says_when_and_why():
    order = an_order()

    order.reject(RejectionReason.OUT_OF_STOCK, at=LATER)

    assert (order.state, order.decided_at) == (OrderState.REJECTED, LATER)
    assert order.rejection_reason is RejectionReason.OUT_OF_STOCK


def test_an_approved_order_is_cancelled_in_two_steps():
    order = an_order(state=OrderState.APPROVED)

    order.begin_cancellation()
    assert order.state is OrderState.CANCEL_PENDING

    order.confirm_cancellation(at=LATER)
    assert (order.state, order.ended_at) == (OrderState.CANCELLED, LATER)


def test_a_cancellation_that_cannot_be_done_leaves_the_order_approved():
    order = an_order(state=OrderState.APPROVED)

    order.begin_cancellation()
    order.undo_cancellation()

    assert order.state is OrderState.APPROVED


@pytest.mark.parametrize("state", GOODS_MAY_LEAVE)
@pytest.mark.parametrize(
    ("verb", "closed"), [("deliver", OrderState.DELIVERED), ("fail", OrderState.UNDELIVERED)]
)
def test_a_shipment_closes_its_order_even_while_that_is_being_cancelled(
    state: OrderState, verb: str, closed: OrderState
):
    order = an_order(state=state)

    VERBS[verb](order)

    assert (order.state, order.ended_at) == (closed, LATER)


def test_an_order_that_is_delivered_twice_was_delivered_the_first_time():
    order = an_order(state=OrderState.APPROVED)

    order.deliver(at=NOW)
    order.deliver(at=LATER)

    assert order.ended_at == NOW


@pytest.mark.parametrize("state", CLOSED_BY_SHIPMENT)
def test_a_cancellation_that_is_refused_leaves_a_closed_order_as_it_is(state: OrderState):
    order = an_order(state=state)

    order.undo_cancellation()

    assert order.state is state


def test_a_pending_order_can_be_cancelled_in_a_moment():
    with pytest.raises(OrderUndecidedError, match="ask again in a moment"):
        an_order().begin_cancellation()


@pytest.mark.parametrize(
    ("state", "verb"),
    [
        (state, verb)
        for state in OrderState
        for verb in VERBS
        if (state, verb)
        not in {
            (OrderState.PENDING, "approve"),
            (OrderState.PENDING, "reject"),
            (OrderState.APPROVED, "begin"),
            (OrderState.CANCEL_PENDING, "undo"),
            (OrderState.CANCEL_PENDING, "confirm"),
            *((state, verb) for state in GOODS_MAY_LEAVE for verb in ("deliver", "fail")),
            *((state, "undo") for state in CLOSED_BY_SHIPMENT),
            (OrderState.DELIVERED, "deliver"),
            (OrderState.UNDELIVERED, "fail"),
        }
    ],
)
def test_everything_else_is_not_allowed_and_changes_nothing(state: OrderState, verb: str):
    order = an_order(state=state)

    with pytest.raises(OrderStateError):
        VERBS[verb](order)

    assert (order.state, order.rejection_reason) == (state, None)
    assert (order.decided_at, order.ended_at) == (None, None)


@pytest.mark.parametrize("quantity", [0, -1, 1_000_001])
def test_a_quantity_is_between_one_and_a_million(quantity: int):
    with pytest.raises(InvalidOrderError, match="between 1 and 1000000"):
        line(quantity)


@pytest.mark.parametrize("unit_price", ["0", "-0.01", "0.009", "100000000.00"])
def test_a_price_is_at_least_a_cent_and_below_a_hundred_million(unit_price: str):
    with pytest.raises(InvalidOrderError, match="unit price"):
        line(1, unit_price)


@pytest.mark.parametrize("number", [0, 101])
def test_an_order_has_between_one_and_a_hundred_lines(number: int):
    with pytest.raises(InvalidOrderError, match="between 1 and 100 lines"):
        Order.place(order_id=UUID(int=1), customer_id="A", lines=[line()] * number, at=NOW)


def test_the_largest_total_is_accepted_and_a_cent_more_is_not():
    order = an_order(line(10_000, "99999999.99"), line(1, "99.99"))
    assert order.total == Decimal("999999999999.99")

    with pytest.raises(InvalidOrderError, match=r"above 999999999999\.99"):
        an_order(*order.lines, line(1, "0.01"))
