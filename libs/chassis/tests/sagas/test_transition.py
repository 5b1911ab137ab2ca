"""How a saga moves, rule by rule."""

from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from chassis.messaging.contracts import Refusal, Reply
from chassis.sagas.effects import SendCommand, Transition
from chassis.sagas.happened import (
    DeadlinePassed,
    Happened,
    Replied,
    RetryDue,
    Started,
    TimedOut,
    due,
)
from chassis.sagas.state import EntryKind, LogEntry, SagaInstance, SagaState
from chassis.sagas.steps import minutes, seconds
from chassis.sagas.transition import advance
from chassis.testing.sagas import SagaScenario, given

NOW = datetime(2026, 1, 1, tzinfo=UTC)
Scenario = SagaScenario[Any]


@pytest.fixture
def booking(trip: SimpleNamespace, data: Any) -> Scenario:
    """A trip whose flight is about to be booked."""
    return (
        given(trip.TripSaga, data)
        .expect_local(trip.open_trip)
        .expect_command(trip.BookFlight(trip_id="t-1"))
        .to("flight.commands")
    )


@pytest.fixture
def at_the_car(booking: Scenario, trip: SimpleNamespace) -> Scenario:
    """A trip whose flight is booked and whose car is about to be."""
    return booking.and_given_reply(trip.FlightBooked(seat="7A")).expect_command(
        trip.BookCar(trip_id="t-1")
    )


@pytest.fixture
def charging(at_the_car: Scenario, trip: SimpleNamespace) -> Scenario:
    """A trip at its pivot, with flight and car booked."""
    return at_the_car.and_given_success().expect_command(trip.ChargeCard(trip_id="t-1"))


@pytest.fixture
def ticketing(charging: Scenario, trip: SimpleNamespace) -> Scenario:
    """A trip after its pivot."""
    return charging.and_given_success().expect_command(trip.SendTicket(trip_id="t-1"))


def test_success_goes_on_step_by_step_to_the_end(
    ticketing: Scenario, trip: SimpleNamespace
) -> None:
    ticketing.and_given_success().expect_local(trip.close_trip).expect_completed()


def test_a_reply_is_noted_in_the_data(at_the_car: Scenario) -> None:
    at_the_car.expect_data(seat="7A", reason=None)


def test_a_refusal_undoes_what_is_done_and_not_the_step_that_refused(
    booking: Scenario, trip: SimpleNamespace
) -> None:
    (
        booking.and_given_reply(trip.NoSeat())
        .expect_compensation(trip.cancel_trip)
        .expect_compensated()
        .expect_data(reason="NO_SEAT")
    )


def test_a_refusal_at_the_pivot_undoes_every_done_step_backwards(
    charging: Scenario, trip: SimpleNamespace
) -> None:
    (
        charging.and_given_reply(trip.CardDeclined())
        .expect_compensation(trip.CancelCar(trip_id="t-1"))
        .to("car.commands")
        .and_given_success()
        .expect_compensation(trip.CancelFlight(trip_id="t-1"))
        .and_given_success()
        .expect_compensation(trip.cancel_trip)
        .expect_compensated()
        .expect_data(reason="DECLINED")
    )


def test_a_refusal_that_no_step_takes_note_of_refuses_all_the_same(
    booking: Scenario, trip: SimpleNamespace
) -> None:
    (
        booking.and_given_refusal()
        .expect_compensation(trip.cancel_trip)
        .expect_compensated()
        .expect_data(reason=None)
    )


def test_a_step_whose_condition_is_false_is_skipped_and_not_undone(trip: SimpleNamespace) -> None:
    (
        given(trip.TripSaga, trip.TripData(trip_id="t-1", wants_car=False))
        .expect_local(trip.open_trip)
        .expect_command(trip.BookFlight(trip_id="t-1"))
        .and_given_success()
        .expect_command(trip.ChargeCard(trip_id="t-1"))
        .and_given_reply(trip.CardDeclined())
        .expect_compensation(trip.CancelFlight(trip_id="t-1"))
        .and_given_success()
        .expect_compensation(trip.cancel_trip)
        .expect_compensated()
    )


def test_a_compensatable_step_that_times_out_is_undone_too_for_it_may_have_happened(
    booking: Scenario, trip: SimpleNamespace
) -> None:
    (
        booking.and_given_timeout()
        .expect_compensation(trip.CancelFlight(trip_id="t-1"))
        .and_given_success()
        .expect_compensation(trip.cancel_trip)
        .expect_compensated()
        .expect_data(reason="TIMED_OUT")
    )


def test_the_pivot_is_sent_again_when_no_answer_comes_after_growing_waits(
    charging: Scenario, trip: SimpleNamespace
) -> None:
    charge = trip.ChargeCard(trip_id="t-1")
    (
        charging.advance_time(seconds(9.9))
        .advance_time(seconds(0.1))
        .expect_command(charge)
        .advance_time(seconds(10.9))
        .advance_time(seconds(0.1))
        .expect_command(charge)
        .and_given_reply(trip.CardDeclined())
        .expect_compensation(trip.CancelCar(trip_id="t-1"))
    )


def test_a_pivot_that_is_never_answered_is_parked_and_not_failed(
    charging: Scenario, trip: SimpleNamespace
) -> None:
    charge = trip.ChargeCard(trip_id="t-1")
    (
        charging.and_given_timeout()
        .expect_command(charge)
        .and_given_timeout()
        .expect_command(charge)
        .and_given_timeout()
        .expect_needs_attention()
    )


def test_a_refused_retriable_step_is_tried_again_after_a_wait_then_parked(
    ticketing: Scenario, trip: SimpleNamespace
) -> None:
    ticket = trip.SendTicket(trip_id="t-1")
    (
        ticketing.and_given_refusal()
        .advance_time(seconds(0.9))
        .advance_time(seconds(0.1))
        .expect_command(ticket)
        .and_given_refusal()
        .advance_time(seconds(1.9))
        .advance_time(seconds(0.1))
        .expect_command(ticket)
        .and_given_refusal()
        .expect_needs_attention()
    )


def test_a_refused_or_silent_compensation_is_tried_again_then_parked(
    at_the_car: Scenario, trip: SimpleNamespace
) -> None:
    cancel = trip.CancelFlight(trip_id="t-1")
    (
        at_the_car.and_given_refusal()
        .expect_compensation(cancel)
        .and_given_refusal()
        .advance_time(seconds(1))
        .expect_compensation(cancel)
        .and_given_timeout()
        .expect_compensation(cancel)
        .and_given_refusal()
        .expect_needs_attention()
    )


def test_the_answer_that_was_missing_sets_a_parked_saga_going_again(
    charging: Scenario, trip: SimpleNamespace
) -> None:
    charge = trip.ChargeCard(trip_id="t-1")
    parked = charging.and_given_timeout().expect_command(charge).and_given_timeout()
    parked = parked.expect_command(charge).and_given_timeout().expect_needs_attention()

    going = parked.and_given_success().expect_command(trip.SendTicket(trip_id="t-1"))
    going.advance_time(seconds(10)).expect_command(trip.SendTicket(trip_id="t-1"))


def test_a_parked_compensation_that_is_answered_after_all_goes_on_undoing(
    charging: Scenario, trip: SimpleNamespace
) -> None:
    car, flight = trip.CancelCar(trip_id="t-1"), trip.CancelFlight(trip_id="t-1")
    parked = charging.and_given_refusal().expect_compensation(car)
    parked = parked.and_given_timeout().expect_compensation(car)
    parked = parked.and_given_timeout().expect_compensation(car)

    (
        parked.and_given_timeout()
        .expect_needs_attention()
        .and_given_success()
        .expect_compensation(flight)
        .advance_time(seconds(10))
        .expect_compensation(flight)
        .and_given_success()
        .expect_compensation(trip.cancel_trip)
        .expect_compensated()
    )


def test_the_deadline_before_the_pivot_undoes_everything_and_says_why(
    at_the_car: Scenario, trip: SimpleNamespace
) -> None:
    (
        at_the_car.and_given_deadline()
        .expect_compensation(trip.CancelCar(trip_id="t-1"))
        .and_given_success()
        .expect_compensation(trip.CancelFlight(trip_id="t-1"))
        .and_given_success()
        .expect_compensation(trip.cancel_trip)
        .expect_compensated()
        .expect_data(reason="TIMED_OUT")
    )


def test_the_deadline_has_no_effect_on_a_saga_that_goes_back_already(
    at_the_car: Scenario, trip: SimpleNamespace
) -> None:
    back = at_the_car.and_given_refusal().expect_compensation(trip.CancelFlight(trip_id="t-1"))

    with pytest.raises(AssertionError, match="the saga has none any more: COMPENSATING"):
        back.and_given_deadline()


@pytest.mark.parametrize("at", ["charging", "ticketing"])
def test_from_the_pivot_on_the_deadline_is_only_recorded(
    at: str, request: pytest.FixtureRequest
) -> None:
    scenario: Scenario = request.getfixturevalue(at)

    scenario.and_given_deadline().expect_data(reason=None)
    with pytest.raises(AssertionError, match="the saga has none any more"):
        scenario.and_given_deadline()


# What the unit DSL does not offer: answers that nobody waits for


class Driver:
    """Moves one instance by hand."""

    def __init__(self, trip: SimpleNamespace) -> None:
        self.saga = trip.TripSaga
        self.instance = SagaInstance(
            saga_id=uuid4(),
            saga_type="Trip",
            definition_version=1,
            subject_key="t-1",
            created_at=NOW,
            data=trip.TripData(trip_id="t-1", wants_car=False),
        )
        self.log: list[LogEntry] = []
        self.happen(Started())

    def happen(self, happened: Happened) -> Transition:
        moved = advance(self.saga, self.instance, happened, now=NOW, new_id=uuid4)
        self.instance = moved.after
        self.log.extend(moved.entries)
        return moved

    def answer(self, reply: Reply, **different: Any) -> Replied:
        """An answer to the last command, or one that differs from it."""
        return Replied(
            **{
                "reply": reply,
                "wire_type": "some.Answer.v1",
                "message_id": uuid4(),
                "step": self.instance.step,
                "direction": self.instance.direction,
                "command_id": self.instance.command_id,
                **different,
            }
        )


@pytest.fixture
def driver(trip: SimpleNamespace) -> Driver:
    return Driver(trip)


def assert_ignored(driver: Driver, answer: Replied) -> None:
    before = driver.instance
    moved = driver.happen(answer)

    assert moved.after is before
    assert moved.effects == ()
    assert [entry.kind for entry in moved.entries] == [EntryKind.IGNORED]
    assert moved.entries[0].message_id == answer.message_id


def test_a_repeated_reply_changes_nothing_and_is_recorded(driver: Driver) -> None:
    booked = driver.answer(Reply())
    driver.happen(booked)

    assert_ignored(driver, booked)


def test_a_late_reply_to_a_step_that_is_being_undone_changes_nothing(driver: Driver) -> None:
    booked = driver.answer(Reply())
    driver.happen(driver.answer(Reply()))
    driver.happen(driver.answer(Refusal()))
    assert driver.instance.state is SagaState.COMPENSATING

    assert_ignored(driver, booked)


def test_a_reply_after_the_end_changes_nothing(driver: Driver) -> None:
    for _ in range(3):
        last = driver.answer(Reply())
        driver.happen(last)
    assert driver.instance.state is SagaState.COMPLETED

    assert_ignored(driver, last)


def test_a_refusal_of_an_earlier_attempt_does_not_count(driver: Driver) -> None:
    driver.happen(driver.answer(Reply()))
    first_attempt = driver.answer(Refusal())
    driver.happen(TimedOut())

    assert_ignored(driver, first_attempt)


def test_a_success_of_an_earlier_attempt_counts_since_a_participant_does_a_step_once(
    driver: Driver,
) -> None:
    driver.happen(driver.answer(Reply()))
    first_attempt = driver.answer(Reply())
    driver.happen(TimedOut())

    driver.happen(first_attempt)

    assert driver.instance.step == "send_ticket"


def test_a_refusal_is_counted_once_while_its_retry_is_waited_for(driver: Driver) -> None:
    for _ in range(2):
        driver.happen(driver.answer(Reply()))
    refusal = driver.answer(Refusal())
    driver.happen(refusal)

    assert_ignored(driver, refusal)
    assert_ignored(driver, driver.answer(Refusal(), command_id=None))


def test_what_is_due_is_the_retry_after_a_refusal_and_the_time_out_after_silence(
    driver: Driver,
) -> None:
    for _ in range(2):
        driver.happen(driver.answer(Reply()))
    later = NOW + seconds(10)
    assert due(driver.instance, NOW) is None
    assert due(driver.instance, later) == TimedOut()

    driver.happen(driver.answer(Refusal()))
    assert due(driver.instance, later) == RetryDue()
    assert due(driver.instance, NOW + minutes(1)) == DeadlinePassed(), "which goes before the rest"


def test_commands_name_their_cause_and_their_deadline(driver: Driver) -> None:
    booked = driver.answer(Reply())
    before = driver.instance

    (charge,) = driver.happen(booked).effects

    assert isinstance(charge, SendCommand)
    assert charge.causation_id == booked.message_id
    assert charge.message_id == driver.instance.command_id != before.command_id
    assert charge.answer_by == NOW + seconds(10) == driver.instance.due_at


def test_a_command_that_is_sent_again_names_the_one_before_as_its_cause(driver: Driver) -> None:
    driver.happen(driver.answer(Reply()))
    before = driver.instance

    driver.happen(TimedOut())

    assert driver.instance.command_id != before.command_id
    assert driver.instance.attempt == 2


@pytest.mark.parametrize(
    ("answers", "kinds"),
    [
        (
            (Reply, Reply, Reply),
            "started local command reply skipped command reply command reply local ended",
        ),
        (
            (Reply, Refusal, Reply),
            "started local command reply skipped command refusal command reply local ended",
        ),
    ],
)
def test_everything_that_happens_is_in_the_log(
    driver: Driver, answers: tuple[Callable[[], Reply], ...], kinds: str
) -> None:
    for answer in answers:
        driver.happen(driver.answer(answer()))

    assert " ".join(entry.kind for entry in driver.log) == kinds
