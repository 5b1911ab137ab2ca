"""Our three flows, with everything going wrong that can: money, stock and orders agree."""

import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from crashes.books import books_agree, sums_agree
from crashes.shop import (
    CUSTOMERS,
    ORDER,
    ORDERS,
    PRODUCTS,
    SHIPPING,
    cancel,
    place,
    services,
    stocked,
)

from chassis.sagas import Saga
from chassis.testing.crashes import CrashFoundError, CrashHarness
from chassis.testing.twins import Limits, Parts, Platform
from order_service.domain.order import Order, OrderState
from order_service.messaging.event_handlers import EVENT_HANDLERS
from order_service.sagas.create_order import CreateOrderData, CreateOrderSaga
from shipping_service.domain.shipment import Shipment, ShipmentState

EXAMPLES = int(os.environ.get("CRASH_EXAMPLES", "20"))

Condition = Callable[[Platform], bool]


def order_is(state: OrderState) -> Condition:
    return lambda platform: any(one.state is state for one in platform[ORDER].all(Order))


def shipment_is(state: ShipmentState) -> Condition:
    return lambda platform: any(one.state is state for one in platform[SHIPPING].all(Shipment))


def place_two(platform: Platform) -> None:
    place(platform, 1)
    place(platform, 2)


def place_and_cancel(platform: Platform, *, when: Condition) -> None:
    cancel(platform, place(platform), when=when)


PLENTY: dict[str, Any] = {
    "given": partial(stocked, on_hand=9),
    "invariant": partial(books_agree, on_hand=9),
}

SCENARIOS: dict[str, dict[str, Any]] = {
    "Create Order: two orders, stock for one": {"start": place_two},
    "Create Order: two orders in one batch": {"start": place_two, "limits": Limits(batch=10)},
    "Create Order: two orders, credit for one": {
        "start": place_two,
        **PLENTY,
        "given": partial(stocked, credit="30.00", on_hand=9),
    },
    "Cancel Order: before the carrier comes": {
        "start": partial(place_and_cancel, when=order_is(OrderState.APPROVED)),
    },
    "Cancel Order: while the carrier comes": {
        "start": partial(place_and_cancel, when=shipment_is(ShipmentState.SCHEDULED)),
    },
    "Cancel Order: after the goods have left": {
        "start": partial(place_and_cancel, when=shipment_is(ShipmentState.DISPATCHED)),
    },
    "Fulfilment: delivered": {"start": place},
    "Fulfilment: not delivered": {"start": place, "services": services(failure_percent=100)},
}


def harness_of(options: dict[str, Any]) -> CrashHarness:
    usual = {
        "services": services(),
        "given": stocked,
        "invariant": books_agree,
        "after_each_commit": sums_agree,
    }
    return CrashHarness(**{**usual, **options})


@pytest.fixture(params=SCENARIOS, ids=lambda name: name)
def harness(request: pytest.FixtureRequest) -> CrashHarness:
    return harness_of(SCENARIOS[request.param])


def test_every_single_fault_leaves_the_books_in_agreement(harness: CrashHarness) -> None:
    report = harness.check_every_single_fault()
    assert report.runs == 2 * (report.transactions + report.publications) + 3 * report.deliveries


def test_several_faults_at_once_leave_the_books_in_agreement(harness: CrashHarness) -> None:
    report = harness.check_random_faults(examples=EXAMPLES)
    assert report.runs >= EXAMPLES


class UndoneByHalfSaga(Saga[CreateOrderData], type="CreateOrder", version=2):
    """Create Order as it is, but that it never gives credit back."""

    deadline = CreateOrderSaga.deadline
    on_timeout = CreateOrderSaga.on_timeout
    steps = tuple(
        replace(step, compensation=None) if step.name == "reserve_credit" else step
        for step in CreateOrderSaga.steps
    )


UNDONE_BY_HALF = replace(ORDERS, parts=Parts(events=EVENT_HANDLERS, sagas=(UndoneByHalfSaga,)))


def without_compensation(platform: Platform) -> None:
    place(platform, saga=UndoneByHalfSaga)


@pytest.mark.parametrize(
    "options",
    [
        {"services": (ORDERS, replace(CUSTOMERS, barrier=False), *services()[2:])},
        {"services": (UNDONE_BY_HALF, *services()[1:]), "start": without_compensation},
        {
            "services": (*services()[:2], replace(PRODUCTS, barrier=False), services()[3]),
            **PLENTY,
        },
    ],
    ids=["customers without barrier", "credit is never given back", "inventory without barrier"],
)
def test_what_would_make_the_books_disagree_is_found(options: dict[str, Any]) -> None:
    broken = harness_of({"start": place, **options})
    broken.check_without_faults()
    with pytest.raises(CrashFoundError, match="with 1 fault:"):
        broken.check_random_faults(examples=200)
