"""A shipment's way, and what may not happen to it."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from shipping_service.carrier.behaviour import CarrierBehaviour
from shipping_service.domain.errors import ShipmentStateError
from shipping_service.domain.shipment import Shipment, ShipmentLine, ShipmentState

NOW = datetime(2026, 1, 2, tzinfo=UTC)
LATER = datetime(2026, 1, 3, tzinfo=UTC)
VERBS = {
    "schedule": Shipment.schedule,
    "dispatch": Shipment.dispatch,
    "withhold": Shipment.withhold,
    "deliver": Shipment.deliver,
    "fail": Shipment.fail,
}
ALLOWED = {
    (ShipmentState.REQUESTED, "schedule"): ShipmentState.SCHEDULED,
    (ShipmentState.SCHEDULED, "dispatch"): ShipmentState.DISPATCHED,
    (ShipmentState.SCHEDULED, "withhold"): ShipmentState.WITHHELD,
    (ShipmentState.DISPATCHED, "deliver"): ShipmentState.DELIVERED,
    (ShipmentState.DISPATCHED, "fail"): ShipmentState.FAILED,
}


def a_shipment(state: ShipmentState = ShipmentState.REQUESTED) -> Shipment:
    return Shipment(
        order_id=UUID(int=1),
        customer_id="ALFKI",
        lines=(ShipmentLine(product_id="11", quantity=3),),
        requested_at=NOW,
        state=state,
    )


def behaviour(percent: int) -> CarrierBehaviour:
    return CarrierBehaviour(pickup=timedelta(), transit=timedelta(), failure_percent=percent)


@pytest.mark.parametrize(("move", "reached"), ALLOWED.items(), ids=str)
def test_a_shipment_goes_its_way_step_by_step(
    move: tuple[ShipmentState, str], reached: ShipmentState
):
    state, verb = move
    shipment = a_shipment(state)

    VERBS[verb](shipment, at=LATER)

    assert shipment.state is reached
    assert LATER in {shipment.scheduled_at, shipment.dispatched_at, shipment.ended_at}


@pytest.mark.parametrize(
    ("state", "verb"),
    [(state, verb) for state in ShipmentState for verb in VERBS if (state, verb) not in ALLOWED],
)
def test_everything_else_is_not_allowed_and_changes_nothing(state: ShipmentState, verb: str):
    shipment = a_shipment(state)

    with pytest.raises(ShipmentStateError, match=f"is {state}; only one that is"):
        VERBS[verb](shipment, at=LATER)

    assert shipment.state is state
    assert (shipment.scheduled_at, shipment.dispatched_at, shipment.ended_at) == (None,) * 3


@pytest.mark.parametrize(("percent", "at_least", "at_most"), [(0, 0, 0), (100, 1000, 1000)])
def test_a_carrier_may_deliver_everything_or_nothing(percent: int, at_least: int, at_most: int):
    failed = sum(behaviour(percent).fails(uuid4()) for _ in range(1000))

    assert at_least <= failed <= at_most


def test_the_same_orders_fail_whenever_one_asks():
    orders = [UUID(int=n) for n in range(1000)]
    failed = [order_id for order_id in orders if behaviour(20).fails(order_id)]

    assert failed == [order_id for order_id in orders if behaviour(20).fails(order_id)]
    assert 100 < len(failed) < 300
    assert set(failed) <= {order_id for order_id in orders if behaviour(40).fails(order_id)}
