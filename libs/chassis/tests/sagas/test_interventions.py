"""What operators and users may do to a saga, move by move, and what they are told otherwise."""

from types import SimpleNamespace
from typing import Any

import pytest

from chassis.sagas import Intervention, InterventionRefusedError, seconds
from chassis.testing.sagas import SagaScenario, given

RETRY, SKIP, COMPENSATE = Intervention.RETRY, Intervention.SKIP, Intervention.COMPENSATE
COMPLETE, PAUSE, RESUME = Intervention.COMPLETE, Intervention.PAUSE, Intervention.RESUME
Scenario = SagaScenario[Any]


@pytest.fixture
def booking(trip: SimpleNamespace, data: Any) -> Scenario:
    """A trip whose flight is about to be booked."""
    return (
        given(trip.TripSaga, data)
        .expect_local(trip.open_trip)
        .expect_command(trip.BookFlight(trip_id="t-1"))
    )


@pytest.fixture
def at_the_car(booking: Scenario, trip: SimpleNamespace) -> Scenario:
    return booking.and_given_success().expect_command(trip.BookCar(trip_id="t-1"))


@pytest.fixture
def charging(at_the_car: Scenario, trip: SimpleNamespace) -> Scenario:
    """A trip at its pivot."""
    return at_the_car.and_given_success().expect_command(trip.ChargeCard(trip_id="t-1"))


@pytest.fixture
def ticketing(charging: Scenario, trip: SimpleNamespace) -> Scenario:
    """A trip after its pivot."""
    return charging.and_given_success().expect_command(trip.SendTicket(trip_id="t-1"))


@pytest.fixture
def parked(ticketing: Scenario, trip: SimpleNamespace) -> Scenario:
    ticket = trip.SendTicket(trip_id="t-1")
    twice = ticketing.and_given_timeout().expect_command(ticket)
    return twice.and_given_timeout().expect_command(ticket).and_given_timeout()


@pytest.fixture
def going_back(at_the_car: Scenario, trip: SimpleNamespace) -> Scenario:
    return at_the_car.and_given_refusal().expect_compensation(trip.CancelFlight(trip_id="t-1"))


@pytest.fixture
def ended(booking: Scenario, trip: SimpleNamespace) -> Scenario:
    return booking.and_given_refusal().expect_compensation(trip.cancel_trip).expect_compensated()


def test_a_retry_sends_the_command_again_and_counts_its_attempts_anew(
    parked: Scenario, trip: SimpleNamespace
) -> None:
    ticket = trip.SendTicket(trip_id="t-1")
    again = parked.expect_needs_attention().and_given_intervention(RETRY).expect_command(ticket)

    for _ in range(2):
        again.and_given_timeout().expect_command(ticket)
    again.and_given_timeout().expect_needs_attention()


def test_a_retried_step_that_succeeds_goes_on(parked: Scenario, trip: SimpleNamespace) -> None:
    again = parked.and_given_intervention(RETRY).expect_command(trip.SendTicket(trip_id="t-1"))

    again.and_given_success().expect_local(trip.close_trip).expect_completed()


def test_a_retry_does_not_wait_for_what_is_due_later(
    going_back: Scenario, trip: SimpleNamespace
) -> None:
    cancel = trip.CancelFlight(trip_id="t-1")
    waiting = going_back.and_given_refusal()

    (
        waiting.and_given_intervention(RETRY)
        .expect_compensation(cancel)
        .and_given_success()
        .expect_compensation(trip.cancel_trip)
        .expect_compensated()
    )


def test_a_skipped_step_counts_as_done(parked: Scenario, trip: SimpleNamespace) -> None:
    parked.and_given_intervention(SKIP).expect_local(trip.close_trip).expect_completed()


def test_a_skipped_step_is_undone_like_any_other_for_it_may_have_happened(
    at_the_car: Scenario, trip: SimpleNamespace
) -> None:
    (
        at_the_car.and_given_intervention(SKIP)
        .expect_command(trip.ChargeCard(trip_id="t-1"))
        .and_given_reply(trip.CardDeclined())
        .expect_compensation(trip.CancelCar(trip_id="t-1"))
    )


def test_a_skipped_compensation_counts_as_undone(
    going_back: Scenario, trip: SimpleNamespace
) -> None:
    skipped = going_back.and_given_intervention(SKIP)
    skipped.expect_compensation(trip.cancel_trip).expect_compensated()


@pytest.mark.parametrize("move", [COMPENSATE, Intervention.CANCEL])
def test_turning_back_undoes_what_is_done_and_what_may_have_happened(
    at_the_car: Scenario, trip: SimpleNamespace, move: Intervention
) -> None:
    (
        at_the_car.and_given_intervention(move)
        .expect_compensation(trip.CancelCar(trip_id="t-1"))
        .and_given_success()
        .expect_compensation(trip.CancelFlight(trip_id="t-1"))
        .and_given_success()
        .expect_compensation(trip.cancel_trip)
        .expect_compensated()
        .expect_data(reason="CANCELLED")
    )


@pytest.mark.parametrize(
    ("at", "why"),
    [
        ("charging", "the pivot 'charge_card' may have happened, and cannot be undone"),
        ("ticketing", "the saga is past its point of no return, at 'send_ticket'"),
        ("going_back", "the saga goes back already"),
        ("ended", "the saga has ended COMPENSATED"),
    ],
)
def test_a_cancellation_that_comes_too_late_is_refused_with_the_reason(
    at: str, why: str, request: pytest.FixtureRequest
) -> None:
    scenario: Scenario = request.getfixturevalue(at)

    with pytest.raises(InterventionRefusedError, match=why):
        scenario.and_given_cancellation()


def test_a_refused_intervention_says_what_is_possible_instead(charging: Scenario) -> None:
    with pytest.raises(InterventionRefusedError, match="Possible now: RETRY, SKIP, COMPLETE, PAUS"):
        charging.and_given_intervention(COMPENSATE)
    with pytest.raises(InterventionRefusedError, match="RESUME is not possible: the saga is not p"):
        charging.and_given_intervention(RESUME)


def test_nothing_can_be_done_to_a_saga_that_has_ended(ended: Scenario) -> None:
    with pytest.raises(InterventionRefusedError, match="Possible now: nothing"):
        ended.and_given_intervention(RETRY)


def test_a_forced_end_leaves_everything_as_it_stands(parked: Scenario) -> None:
    parked.and_given_intervention(COMPLETE).expect_completed()


def test_the_forced_end_of_a_saga_that_goes_back_is_compensated(going_back: Scenario) -> None:
    going_back.and_given_intervention(COMPLETE).expect_compensated()


def test_a_paused_saga_sends_nothing_whatever_time_passes(
    at_the_car: Scenario, trip: SimpleNamespace
) -> None:
    paused = at_the_car.advance_time(seconds(20)).and_given_intervention(PAUSE)
    paused.advance_time(seconds(3600)).expect_paused()

    resumed = paused.and_given_intervention(RESUME).advance_time(seconds(9.9))
    resumed.advance_time(seconds(0.1)).expect_compensation(trip.CancelCar(trip_id="t-1"))


def test_an_answer_in_a_pause_is_taken_and_what_follows_waits_for_the_end_of_the_pause(
    booking: Scenario, trip: SimpleNamespace
) -> None:
    paused = booking.and_given_intervention(PAUSE)
    paused.and_given_reply(trip.FlightBooked(seat="7A")).expect_paused().expect_data(seat="7A")

    resumed = paused.and_given_intervention(RESUME).expect_command(trip.BookCar(trip_id="t-1"))
    resumed.and_given_success().expect_command(trip.ChargeCard(trip_id="t-1"))


def test_a_refusal_in_a_pause_turns_the_saga_back_when_it_is_resumed(
    at_the_car: Scenario, trip: SimpleNamespace
) -> None:
    paused = at_the_car.and_given_intervention(PAUSE).and_given_refusal().expect_paused()

    (
        paused.and_given_intervention(RESUME)
        .expect_compensation(trip.CancelFlight(trip_id="t-1"))
        .and_given_intervention(PAUSE)
        .and_given_success()
        .expect_paused()
        .and_given_intervention(RESUME)
        .expect_compensation(trip.cancel_trip)
        .expect_compensated()
    )


def test_a_refusal_to_be_tried_again_waits_from_the_end_of_the_pause(
    ticketing: Scenario, trip: SimpleNamespace
) -> None:
    paused = ticketing.and_given_intervention(PAUSE).advance_time(seconds(60))
    paused.and_given_refusal().advance_time(seconds(60)).expect_paused()

    resumed = paused.and_given_intervention(RESUME).advance_time(seconds(0.9))
    resumed.advance_time(seconds(0.1)).expect_command(trip.SendTicket(trip_id="t-1"))


def test_the_deadline_of_a_paused_saga_stands_still(
    at_the_car: Scenario, trip: SimpleNamespace
) -> None:
    paused = at_the_car.and_given_intervention(PAUSE).advance_time(seconds(100))
    paused.and_given_success().advance_time(seconds(100)).expect_paused()

    resumed = paused.and_given_intervention(RESUME)
    resumed.expect_command(trip.ChargeCard(trip_id="t-1"))


def test_a_paused_saga_can_be_turned_back_and_goes_when_it_is_resumed(
    at_the_car: Scenario, trip: SimpleNamespace
) -> None:
    paused = at_the_car.and_given_intervention(PAUSE).and_given_cancellation().expect_paused()

    resumed = paused.and_given_intervention(RESUME)
    resumed.expect_compensation(trip.CancelCar(trip_id="t-1"))


def test_what_is_answered_in_a_pause_can_be_turned_back_but_neither_skipped_nor_retried(
    at_the_car: Scenario, trip: SimpleNamespace
) -> None:
    paused = at_the_car.and_given_intervention(PAUSE).and_given_success().expect_paused()

    with pytest.raises(InterventionRefusedError, match="the answer to 'book_car' has come"):
        paused.and_given_intervention(SKIP)
    with pytest.raises(InterventionRefusedError, match="the saga is paused since"):
        paused.and_given_intervention(RETRY)
    paused.and_given_cancellation().and_given_intervention(RESUME)
    paused.expect_compensation(trip.CancelCar(trip_id="t-1"))


def test_the_pivot_answered_in_a_pause_is_the_point_of_no_return(charging: Scenario) -> None:
    paused = charging.and_given_intervention(PAUSE).and_given_success().expect_paused()

    with pytest.raises(InterventionRefusedError, match="past its point of no return"):
        paused.and_given_cancellation()


def test_a_parked_saga_that_is_paused_stays_parked_until_it_is_answered(
    parked: Scenario, trip: SimpleNamespace
) -> None:
    paused = parked.and_given_intervention(PAUSE).expect_needs_attention().expect_paused()
    paused.and_given_success().expect_paused()

    resumed = paused.and_given_intervention(RESUME)
    resumed.expect_local(trip.close_trip).expect_completed()
