"""What order-service needs of customer-service."""

from uuid import UUID

import pytest

from chassis.messaging import headers as h
from chassis.messaging.envelope import Outcome
from chassis.persistence.database import Database
from chassis.service import Service
from chassis.testing.delivery import deliver
from devkit.contracts.consuming import given
from devkit.contracts.needs import SAGA_ID, a_uuid, an_amount, text
from order_service.flows import CREDIT_RETURN
from order_service.messaging.subscriptions import CreditReturned
from order_service.sagas.participants import (
    ConfirmCredit,
    ReleaseCredit,
    ReserveCredit,
    ReserveStock,
)

ORDER = "0199f3a1-0000-7000-8000-00000000000a"
REQUEST = {"customer_id": text("ALFKI"), "order_id": a_uuid(ORDER)}
OF_ORDER, OF_CUSTOMER = {"order_id": a_uuid(ORDER)}, {"customer_id": text("ALFKI")}

CREDIT = given("a customer has credit", customer_id="ALFKI", credit_limit="1000.00")
LITTLE = given("a customer has credit", customer_id="ALFKI", credit_limit="10.00")
NOBODY = given("no customer has this number", customer_id="ALFKI")
RESERVED = given("credit is reserved for the order", customer_id="ALFKI", order_id=ORDER)


def step(saga: str, name: str, direction: str = "action") -> dict[str, str]:
    return {h.SAGA_TYPE: saga, h.SAGA_STEP: name, h.SAGA_DIRECTION: direction}


@pytest.fixture
def customers(needs):
    return needs("order-service", "customer-service")


async def test_reserved_credit_lets_the_order_go_on(customers, desk):
    with customers.answers(
        "ReserveCredit within the limit",
        ReserveCredit,
        "customer.CreditReserved.v1",
        given=CREDIT,
        request=REQUEST | {"amount": an_amount("266.00")},
        body=OF_ORDER,
        saga=step("CreateOrder", "reserve_credit"),
    ) as exchange:
        await desk.place()
        await desk.exchange(exchange, ReserveCredit)

        assert await desk.sent(ReserveStock)


@pytest.mark.parametrize(
    ("need", "reason"),
    [
        (
            ("ReserveCredit beyond the limit", "customer.CreditLimitExceeded.v1", LITTLE, OF_ORDER),
            "CREDIT_LIMIT_EXCEEDED",
        ),
        (
            ("ReserveCredit for nobody", "customer.CustomerNotFound.v1", NOBODY, OF_CUSTOMER),
            "CUSTOMER_NOT_FOUND",
        ),
    ],
)
async def test_refused_credit_rejects_the_order(customers, desk, need, reason):
    description, reply, state, body = need
    with customers.answers(
        description,
        ReserveCredit,
        reply,
        given=state,
        request=REQUEST | {"amount": an_amount("266.00")},
        body=body,
        saga=step("CreateOrder", "reserve_credit"),
        outcome=Outcome.REFUSED,
    ) as exchange:
        await desk.place()
        await desk.exchange(exchange, ReserveCredit)

        assert await desk.order() == ("REJECTED", reason)


async def test_confirmed_credit_approves_the_order(customers, desk):
    with customers.answers(
        "ConfirmCredit that is reserved",
        ConfirmCredit,
        "customer.CreditConfirmed.v1",
        given=RESERVED,
        request=REQUEST,
        body=OF_ORDER,
        saga=step("CreateOrder", "confirm_credit"),
    ) as exchange:
        await desk.place(answered=2)
        await desk.exchange(exchange, ConfirmCredit)

        assert await desk.order() == ("APPROVED", None)


@pytest.mark.parametrize(
    "need",
    [
        (
            "ConfirmCredit that is not reserved",
            "customer.CreditNotReserved.v1",
            CREDIT,
            OF_ORDER,
        ),
        ("ConfirmCredit for nobody", "customer.CustomerNotFound.v1", NOBODY, OF_CUSTOMER),
    ],
)
async def test_credit_that_cannot_be_confirmed_needs_attention(customers, desk, need):
    description, reply, state, body = need
    with customers.answers(
        description,
        ConfirmCredit,
        reply,
        given=state,
        request=REQUEST,
        body=body,
        saga=step("CreateOrder", "confirm_credit"),
        outcome=Outcome.REFUSED,
    ) as exchange:
        await desk.place(answered=2)
        await desk.exchange(exchange, ConfirmCredit)

        assert await desk.order() == ("PENDING", None)
        assert await desk.saga() != "COMPLETED"


async def test_released_credit_cancels_the_order(customers, desk):
    with customers.answers(
        "ReleaseCredit that is reserved",
        ReleaseCredit,
        "customer.CreditReleased.v1",
        given=RESERVED,
        request=REQUEST,
        body=OF_ORDER,
        saga=step("CancelOrder", "release_credit"),
    ) as exchange:
        await desk.cancel(answered=1)
        await desk.exchange(exchange, ReleaseCredit)

        assert await desk.order() == ("CANCELLED", None)


@pytest.mark.parametrize(
    "need",
    [
        ("ReleaseCredit that is not reserved", "customer.CreditNotReserved.v1", CREDIT, OF_ORDER),
        ("ReleaseCredit for nobody", "customer.CustomerNotFound.v1", NOBODY, OF_CUSTOMER),
    ],
)
async def test_credit_that_cannot_be_released_keeps_the_cancellation_open(customers, desk, need):
    description, reply, state, body = need
    with customers.answers(
        description,
        ReleaseCredit,
        reply,
        given=state,
        request=REQUEST,
        body=body,
        saga=step("CancelOrder", "release_credit"),
        outcome=Outcome.REFUSED,
    ) as exchange:
        await desk.cancel(answered=1)
        await desk.exchange(exchange, ReleaseCredit)

        assert await desk.order() == ("CANCEL_PENDING", None)


async def test_releasing_what_was_never_reserved_rejects_the_order(customers, desk):
    with customers.answers(
        "ReleaseCredit whose ReserveCredit never came",
        ReleaseCredit,
        "chassis.NothingToUndo.v1",
        given=CREDIT,
        request=REQUEST,
        body={},
        saga=step("CreateOrder", "reserve_credit", "compensation"),
    ) as exchange:
        await desk.place(answered=1)
        await desk.refuse_stock()
        await desk.exchange(exchange, ReleaseCredit)

        assert await desk.order() == ("REJECTED", "OUT_OF_STOCK")


async def test_a_reservation_that_came_too_late_changes_nothing(customers, desk):
    with customers.answers(
        "ReserveCredit that comes after its ReleaseCredit",
        ReserveCredit,
        "chassis.StepAlreadyUndone.v1",
        given=given(
            "credit was released before it was reserved",
            customer_id="ALFKI",
            order_id=ORDER,
            saga_id=SAGA_ID,
        ),
        request=REQUEST | {"amount": an_amount("266.00")},
        body={},
        saga=step("CreateOrder", "reserve_credit"),
        outcome=Outcome.REFUSED,
    ) as exchange:
        await desk.place()
        reserve = await desk.sent(ReserveCredit)
        await desk.answer_well()
        await desk.refuse_stock()
        await desk.hear(await exchange.answer(reserve))

        assert await desk.sent(ReleaseCredit)
        assert await desk.order() == ("PENDING", None)


async def test_returned_credit_is_not_missed_any_more(
    needs, service: Service, service_database: Database, client
):
    async with service_database.sessions.begin() as session:
        CREDIT_RETURN.expect(session, UUID(ORDER))

    with needs("order-service", "customer-service").says(
        "credit that was returned",
        CreditReturned,
        given=given("credit was returned"),
        body=OF_CUSTOMER | OF_ORDER,
    ) as event:
        await deliver(service, event.subject, event.headers, event.body)

        assert (await client.get("/flows", params={"key": ORDER})).json() == []
