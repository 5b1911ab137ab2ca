"""The Create Order saga as storyboards, without broker and database."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from chassis.testing.saga_branches import BranchCoverage
from chassis.testing.sagas import SagaScenario
from order_service.domain.order import RejectionReason
from order_service.domain.order_line import OrderLine
from order_service.sagas.create_order import (
    CreateOrderData,
    CreateOrderSaga,
    approve_order,
    create_order,
    reject_order,
)
from order_service.sagas.participants import (
    ConfirmCredit,
    CreditLimitExceeded,
    CustomerNotFound,
    OutOfStock,
    ProductNotFound,
    Quantity,
    ReleaseCredit,
    ReserveCredit,
    ReserveStock,
)

ORDER = UUID(int=1)
DATA = CreateOrderData(
    order_id=ORDER,
    customer_id="ALFKI",
    lines=(
        OrderLine(product_id="11", quantity=12, unit_price=Decimal("14.00")),
        OrderLine(product_id="42", quantity=10, unit_price=Decimal("9.80")),
    ),
    total=Decimal("266.00"),
    placed_at=datetime(2026, 1, 2, tzinfo=UTC),
)
RESERVE_CREDIT = ReserveCredit(customer_id="ALFKI", order_id=ORDER, amount=Decimal("266.00"))
CONFIRM_CREDIT = ConfirmCredit(customer_id="ALFKI", order_id=ORDER)
RELEASE_CREDIT = ReleaseCredit(customer_id="ALFKI", order_id=ORDER)
RESERVE_STOCK = ReserveStock(
    order_id=ORDER,
    lines=(Quantity(product_id="11", quantity=12), Quantity(product_id="42", quantity=10)),
)

ATTEMPTS = 20

A_MOMENT = timedelta(seconds=5)

covered = BranchCoverage(CreateOrderSaga)


def given_an_order() -> SagaScenario[CreateOrderData]:
    return (
        covered.given(DATA)
        .expect_local(create_order)
        .expect_command(RESERVE_CREDIT)
        .to("customer.commands")
    )


def given_credit_is_reserved() -> SagaScenario[CreateOrderData]:
    return (
        given_an_order().and_given_success().expect_command(RESERVE_STOCK).to("inventory.commands")
    )


def given_stock_is_reserved() -> SagaScenario[CreateOrderData]:
    return given_credit_is_reserved().and_given_success().expect_command(CONFIRM_CREDIT)


def given_stock_is_refused() -> SagaScenario[CreateOrderData]:
    return (
        given_credit_is_reserved()
        .and_given_reply(OutOfStock())
        .expect_compensation(RELEASE_CREDIT)
        .to("customer.commands")
    )


def test_an_order_with_credit_and_stock_is_approved():
    (
        given_stock_is_reserved()
        .to("customer.commands")
        .and_given_success()
        .expect_local(approve_order)
        .expect_completed()
    )


def test_an_order_of_an_unknown_customer_is_rejected():
    (
        given_an_order()
        .and_given_reply(CustomerNotFound())
        .expect_data(rejection_reason=RejectionReason.CUSTOMER_NOT_FOUND)
        .expect_compensation(reject_order)
        .expect_compensated()
    )


def test_an_order_beyond_the_credit_limit_is_rejected():
    (
        given_an_order()
        .and_given_reply(CreditLimitExceeded())
        .expect_data(rejection_reason=RejectionReason.CREDIT_LIMIT_EXCEEDED)
        .expect_compensation(reject_order)
        .expect_compensated()
    )


def test_an_order_of_an_unknown_product_gives_its_credit_back_and_is_rejected():
    (
        given_credit_is_reserved()
        .and_given_reply(ProductNotFound())
        .expect_data(rejection_reason=RejectionReason.PRODUCT_NOT_FOUND)
        .expect_compensation(RELEASE_CREDIT)
        .and_given_success()
        .expect_compensation(reject_order)
        .expect_compensated()
    )


def test_an_order_beyond_the_stock_gives_its_credit_back_and_is_rejected():
    (
        given_stock_is_refused()
        .expect_data(rejection_reason=RejectionReason.OUT_OF_STOCK)
        .and_given_success()
        .expect_compensation(reject_order)
        .expect_compensated()
    )


def test_an_order_whose_credit_is_not_answered_for_is_rejected_and_reserves_nothing():
    """The reservation may have happened: releasing it is harmless where it has not."""
    (
        given_an_order()
        .and_given_timeout()
        .expect_data(rejection_reason=RejectionReason.TIMED_OUT)
        .expect_compensation(RELEASE_CREDIT)
        .and_given_success()
        .expect_compensation(reject_order)
        .expect_compensated()
    )


def test_an_order_that_is_past_its_deadline_is_rejected():
    (
        given_an_order()
        .and_given_deadline()
        .expect_data(rejection_reason=RejectionReason.TIMED_OUT)
        .expect_compensation(RELEASE_CREDIT)
        .and_given_success()
        .expect_compensation(reject_order)
        .expect_compensated()
    )


def test_stock_is_asked_for_again_until_it_is_answered_for():
    (
        given_credit_is_reserved()
        .and_given_timeout()
        .expect_command(RESERVE_STOCK)
        .and_given_success()
        .expect_command(CONFIRM_CREDIT)
    )


def test_once_stock_is_reserved_confirming_the_credit_is_tried_until_it_is_done():
    (
        given_stock_is_reserved()
        .and_given_timeout()
        .expect_command(CONFIRM_CREDIT)
        .and_given_refusal()
        .advance_time(A_MOMENT)
        .expect_command(CONFIRM_CREDIT)
        .and_given_success()
        .expect_local(approve_order)
        .expect_completed()
    )


def test_giving_credit_back_is_tried_until_it_is_done():
    (
        given_stock_is_refused()
        .and_given_timeout()
        .expect_compensation(RELEASE_CREDIT)
        .and_given_refusal()
        .advance_time(A_MOMENT)
        .expect_compensation(RELEASE_CREDIT)
        .and_given_success()
        .expect_compensation(reject_order)
        .expect_compensated()
    )


def test_credit_that_is_never_confirmed_needs_a_persons_attention():
    scenario = given_stock_is_reserved().advance_time(timedelta(days=1))

    for _ in range(ATTEMPTS - 1):
        scenario.expect_command(CONFIRM_CREDIT)
    scenario.expect_needs_attention()


def test_these_storyboards_go_through_every_branch():
    test_an_order_with_credit_and_stock_is_approved()
    test_an_order_of_an_unknown_customer_is_rejected()
    test_an_order_beyond_the_credit_limit_is_rejected()
    test_an_order_of_an_unknown_product_gives_its_credit_back_and_is_rejected()
    test_an_order_beyond_the_stock_gives_its_credit_back_and_is_rejected()
    test_an_order_whose_credit_is_not_answered_for_is_rejected_and_reserves_nothing()
    test_an_order_that_is_past_its_deadline_is_rejected()
    test_stock_is_asked_for_again_until_it_is_answered_for()
    test_once_stock_is_reserved_confirming_the_credit_is_tried_until_it_is_done()
    test_giving_credit_back_is_tried_until_it_is_done()

    covered.assert_complete()
