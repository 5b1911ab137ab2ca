"""Our three flows, with everything going wrong that can: money, stock and orders agree."""

import os
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from crashes.books import books_agree, sums_agree
from crashes.shop import ORDER, SHIPPING, cancel, place, services, stocked

from chassis.testing.crashes import CrashHarness
from chassis.testing.twins import Limits, Platform
from order_service.domain.order import Order, OrderState
from shipping_service.domain.shipment import Shipment, ShipmentState

EXAMPLES = int(os.environ.get("CRASH_EXAMPLES", "20"))
FIRST = UUID(int=1)

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


SCENARIOS: dict[str, dict[str, Any]] = {
    "Create Order: two orders, stock for one": {"start": place_two},
    "Create Order: two orders in one batch": {"start": place_two, "limits": Limits(batch=10)},
    "Create Order: two orders, credit for one": {
        "start": place_two,
        "given": partial(stocked, credit="30.00", on_hand=9),
        "invariant": partial(books_agree, on_hand=9),
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


@pytest.fixture(params=SCENARIOS, ids=lambda name: name)
def harness(request: pytest.FixtureRequest) -> CrashHarness:
    options = {
        "services": services(pickup=timedelta(seconds=2)),
        "given": stocked,
        "invariant": books_agree,
        "after_each_commit": sums_agree,
    }
    return CrashHarness(**{**options, **SCENARIOS[request.param]})


def test_every_single_fault_leaves_the_books_in_agreement(harness: CrashHarness) -> None:
    report = harness.check_every_single_fault()
    assert report.runs == 2 * (report.transactions + report.publications) + 3 * report.deliveries


def test_several_faults_at_once_leave_the_books_in_agreement(harness: CrashHarness) -> None:
    report = harness.check_random_faults(examples=EXAMPLES)
    assert report.runs >= EXAMPLES
