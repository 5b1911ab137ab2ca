"""A saga as a step of another: started with it, answered by its end, taken back with it."""

from types import SimpleNamespace
from typing import Any

import pytest

from chassis.sagas import (
    ASK,
    COMPENSATABLE,
    RETRIABLE,
    Intervention,
    InterventionRefusedError,
    Retry,
    Saga,
    local,
    minutes,
    seconds,
    sub_saga,
)
from chassis.testing.saga_branches import branches
from chassis.testing.sagas import SagaScenario, given

PAUSE, RESUME, RETRY = Intervention.PAUSE, Intervention.RESUME, Intervention.RETRY
Scenario = SagaScenario[Any]


@pytest.fixture
def paying(trip: SimpleNamespace, data: Any) -> Scenario:
    """A trip that is being paid for."""
    return (
        given(trip.PaidTripSaga, data)
        .expect_local(trip.open_trip)
        .expect_notification(trip.AnnounceTrip(trip_id="t-1"))
        .expect_sub_saga(trip.PaymentSaga, trip.PaymentData(trip_id="t-1"))
    )


@pytest.fixture
def paid(trip: SimpleNamespace) -> Any:
    return trip.PaymentData(trip_id="t-1", receipt="r-1")


def undone(scenario: Scenario, trip: SimpleNamespace) -> None:
    """What is done before the payment is undone, down to the beginning."""
    scenario.expect_compensation(trip.WithdrawTrip(trip_id="t-1"))
    scenario.expect_compensation(trip.cancel_trip).expect_compensated()


def test_a_completed_sub_saga_is_a_success_and_its_data_are_noted(
    paying: Scenario, trip: SimpleNamespace, paid: Any
) -> None:
    (
        paying.and_given_sub_saga_completed(paid)
        .expect_command(trip.BookFlight(trip_id="t-1"))
        .expect_data(reason="r-1")
    )


def test_a_compensated_sub_saga_is_a_refusal(
    paying: Scenario, trip: SimpleNamespace, paid: Any
) -> None:
    undone(paying.and_given_sub_saga_compensated(paid), trip)
    paying.expect_data(reason="UNPAID")


def test_a_completed_sub_saga_is_undone_by_its_compensation(
    paying: Scenario, trip: SimpleNamespace, paid: Any
) -> None:
    paying.and_given_sub_saga_completed(paid).expect_command(trip.BookFlight(trip_id="t-1"))

    paying.and_given_refusal().expect_compensation(trip.PayBack(trip_id="t-1"))
    undone(paying.and_given_success(), trip)


def test_a_sub_saga_has_no_time_out_but_the_deadline_of_its_parent(
    paying: Scenario, trip: SimpleNamespace, paid: Any
) -> None:
    paying.advance_time(minutes(9.9))
    paying.advance_time(minutes(0.1)).expect_sub_saga_turned_back(trip.PaymentSaga)

    paying.advance_time(minutes(60))
    undone(paying.and_given_sub_saga_compensated(paid), trip)


def test_a_cancelled_parent_takes_its_child_back_and_waits_for_it(
    paying: Scenario, trip: SimpleNamespace, paid: Any
) -> None:
    paying.and_given_cancellation().expect_sub_saga_turned_back(trip.PaymentSaga)

    undone(paying.and_given_sub_saga_compensated(paid), trip)


def test_a_child_that_was_too_far_to_go_back_is_compensated_when_it_has_ended(
    paying: Scenario, trip: SimpleNamespace, paid: Any
) -> None:
    paying.and_given_cancellation().expect_sub_saga_turned_back(trip.PaymentSaga)

    paying.and_given_sub_saga_completed(paid)
    paying.expect_compensation(trip.PayBack(trip_id="t-1")).and_given_timeout()
    paying.expect_compensation(trip.PayBack(trip_id="t-1"))
    undone(paying.and_given_success(), trip)


def test_a_pause_between_parent_and_child_loses_nothing(
    paying: Scenario, trip: SimpleNamespace, paid: Any
) -> None:
    paying.and_given_cancellation().expect_sub_saga_turned_back(trip.PaymentSaga)
    paying.and_given_intervention(PAUSE).and_given_sub_saga_completed(paid).expect_paused()

    paying.and_given_intervention(RESUME).expect_compensation(trip.PayBack(trip_id="t-1"))


def test_a_paused_parent_that_is_cancelled_takes_its_child_back_at_once(
    paying: Scenario, trip: SimpleNamespace, paid: Any
) -> None:
    paying.and_given_intervention(PAUSE).and_given_cancellation()
    paying.expect_sub_saga_turned_back(trip.PaymentSaga)

    paying.and_given_sub_saga_compensated(paid).expect_paused()
    undone(paying.and_given_intervention(RESUME), trip)


def test_what_is_under_way_as_a_sub_saga_is_not_sent_again(paying: Scenario) -> None:
    with pytest.raises(InterventionRefusedError, match="of 'pay' is under way: intervene there"):
        paying.and_given_intervention(RETRY)


def forward(trip: SimpleNamespace, **how: Any) -> type[Saga[Any]]:
    class ForwardSaga(Saga[trip.TripData], type="Forward", version=1):  # type: ignore[name-defined]  # a fixture's
        steps = (local(trip.open_trip), sub_saga(trip.PaymentSaga, data=trip.pay, **how))

    return ForwardSaga


def test_a_retriable_sub_saga_is_started_anew_after_a_wait_then_parked(
    trip: SimpleNamespace, data: Any, paid: Any
) -> None:
    child = trip.PaymentData(trip_id="t-1")
    twice = Retry(first=seconds(1), attempts=2)
    saga = forward(trip, kind=RETRIABLE, retry=twice)
    going = given(saga, data).expect_local(trip.open_trip).expect_sub_saga(trip.PaymentSaga, child)

    going.and_given_sub_saga_compensated(paid).advance_time(seconds(0.9))
    going.advance_time(seconds(0.1)).expect_sub_saga(trip.PaymentSaga, child)
    going.and_given_sub_saga_compensated(paid).expect_needs_attention()

    going.and_given_intervention(RETRY).expect_sub_saga(trip.PaymentSaga, child)
    going.and_given_sub_saga_completed(paid).expect_completed()


def test_a_sub_saga_with_a_time_out_may_ask_a_person(
    trip: SimpleNamespace, data: Any, paid: Any
) -> None:
    saga = forward(trip, kind=COMPENSATABLE, timeout=minutes(5), on_timeout=ASK)
    going = given(saga, data).expect_local(trip.open_trip)
    going.expect_sub_saga(trip.PaymentSaga, trip.PaymentData(trip_id="t-1"))

    going.advance_time(minutes(5)).expect_needs_attention()
    going.and_given_cancellation().expect_sub_saga_turned_back(trip.PaymentSaga)
    going.and_given_sub_saga_compensated(paid).expect_compensated()


def test_the_branches_of_a_sub_saga_are_its_ends(trip: SimpleNamespace) -> None:
    found = {str(branch) for branch in branches(trip.PaidTripSaga)}

    assert {
        "pay: chassis.SagaCompleted.v1",
        "pay: chassis.SagaCompensated.v1",
        "pay: deadline",
        "undoing pay: success",
        "announce_trip: success",
        "undoing announce_trip: success",
        "send_postcard: skipped",
    } <= found
    assert "pay: timeout" not in found, "it has none"


def test_a_notification_is_done_when_it_is_sent(
    paying: Scenario, trip: SimpleNamespace, paid: Any
) -> None:
    paying.and_given_sub_saga_completed(paid).expect_command(trip.BookFlight(trip_id="t-1"))

    paying.and_given_success().expect_notification(trip.SendPostcard(trip_id="t-1"))
    paying.expect_completed()


def test_a_notification_is_no_command_that_is_answered(trip: SimpleNamespace, data: Any) -> None:
    announced = given(trip.PaidTripSaga, data).expect_local(trip.open_trip)

    with pytest.raises(AssertionError, match="actual:   notification AnnounceTrip"):
        announced.expect_command(trip.AnnounceTrip(trip_id="t-1"))
