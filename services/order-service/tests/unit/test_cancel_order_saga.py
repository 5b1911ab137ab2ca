"""The Cancel Order saga as storyboards, without broker and database."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from chassis.testing.saga_branches import BranchCoverage
from chassis.testing.sagas import SagaScenario
from order_service.domain.order import Order
from order_service.domain.order_line import OrderLine
from order_service.sagas.cancel_order import (
    CancelOrderData,
    CancelOrderSaga,
    begin_cancellation,
    confirm_cancellation,
    undo_cancellation,
)
from order_service.sagas.participants import ReleaseCredit, ReleaseStock

ORDER = UUID(int=1)
DATA = CancelOrderData(order_id=ORDER, customer_id="ALFKI", product_ids=("11", "42"))
RELEASE_STOCK = ReleaseStock(order_id=ORDER, product_ids=("11", "42"))
RELEASE_CREDIT = ReleaseCredit(customer_id="ALFKI", order_id=ORDER)

A_MOMENT = timedelta(seconds=5)

covered = BranchCoverage(CancelOrderSaga)


def given_an_approved_order() -> SagaScenario[CancelOrderData]:
    return (
        covered.given(DATA)
        .expect_local(begin_cancellation)
        .expect_command(RELEASE_STOCK)
        .to("inventory.commands")
    )


def test_stock_comes_back_before_credit_and_then_the_order_is_cancelled():
    (
        given_an_approved_order()
        .and_given_success()
        .expect_command(RELEASE_CREDIT)
        .to("customer.commands")
        .and_given_success()
        .expect_local(confirm_cancellation)
        .expect_completed()
    )


def test_an_order_whose_goods_have_left_stays_approved_and_owed():
    (
        given_an_approved_order()
        .and_given_refusal()
        .expect_compensation(undo_cancellation)
        .expect_compensated()
    )


def test_stock_is_asked_for_again_until_it_is_answered_for():
    given_an_approved_order().and_given_timeout().expect_command(RELEASE_STOCK)


def test_once_stock_is_back_credit_is_given_back_whatever_it_takes():
    (
        given_an_approved_order()
        .and_given_success()
        .expect_command(RELEASE_CREDIT)
        .and_given_timeout()
        .expect_command(RELEASE_CREDIT)
        .and_given_refusal()
        .advance_time(A_MOMENT)
        .expect_command(RELEASE_CREDIT)
        .and_given_success()
        .expect_local(confirm_cancellation)
        .expect_completed()
    )


def test_these_storyboards_go_through_every_branch():
    test_stock_comes_back_before_credit_and_then_the_order_is_cancelled()
    test_an_order_whose_goods_have_left_stays_approved_and_owed()
    test_stock_is_asked_for_again_until_it_is_answered_for()
    test_once_stock_is_back_credit_is_given_back_whatever_it_takes()

    covered.assert_complete()


def test_each_product_of_the_order_is_named_once():
    line = OrderLine(product_id="42", quantity=1, unit_price=Decimal("1.00"))
    other = OrderLine(product_id="11", quantity=1, unit_price=Decimal("1.00"))
    order = Order.place(
        order_id=ORDER,
        customer_id="ALFKI",
        lines=(line, other, line),
        at=datetime(2026, 1, 2, tzinfo=UTC),
    )

    assert CancelOrderData.of(order) == DATA
