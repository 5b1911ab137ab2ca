"""What becomes of a step whose answer does not come in time, and how waits are spread."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from chassis.sagas import (
    ASK,
    PIVOT,
    RESEND,
    RETRIABLE,
    Intervention,
    Retry,
    Saga,
    command,
    local,
    minutes,
    seconds,
)
from chassis.sagas.batch import Batch
from chassis.sagas.definitions import Definitions
from chassis.sagas.happened import Started, TimedOut
from chassis.sagas.state import SagaInstance
from chassis.sagas.transition import advance
from chassis.testing.sagas import SagaScenario, given

NOW = datetime(2026, 1, 1, tzinfo=UTC)
Scenario = SagaScenario[Any]
TWICE = Retry(first=seconds(1), attempts=2)


def patient(trip: SimpleNamespace, data: Any, **how: Any) -> Scenario:
    """A trip whose flight is about to be booked, with another policy than usual."""

    class PatientSaga(Saga[trip.TripData], type="Patient", version=1):  # type: ignore[name-defined]  # a fixture's
        on_timeout = trip.note_timed_out
        steps = (
            local(trip.open_trip, compensation=trip.cancel_trip),
            command(trip.book_flight, compensation=trip.cancel_flight, retry=TWICE, **how),
            command(trip.charge_card, kind=PIVOT, on_timeout=ASK),
        )

    started = given(PatientSaga, data).expect_local(trip.open_trip)
    return started.expect_command(trip.BookFlight(trip_id="t-1"))


def test_a_compensatable_step_may_be_sent_again_before_the_saga_goes_back(
    trip: SimpleNamespace, data: Any
) -> None:
    (
        patient(trip, data, on_timeout=RESEND, timeout=seconds(10))
        .advance_time(seconds(10))
        .expect_command(trip.BookFlight(trip_id="t-1"))
        .advance_time(seconds(11))
        .expect_compensation(trip.CancelFlight(trip_id="t-1"))
        .and_given_success()
        .expect_compensation(trip.cancel_trip)
        .expect_compensated()
        .expect_data(reason="TIMED_OUT")
    )


def test_a_resent_step_that_is_answered_goes_on(trip: SimpleNamespace, data: Any) -> None:
    resent = patient(trip, data, on_timeout=RESEND).and_given_timeout()
    resent.expect_command(trip.BookFlight(trip_id="t-1"))

    resent.and_given_success().expect_command(trip.ChargeCard(trip_id="t-1"))


@pytest.mark.parametrize("decided", ["answered", "refused", "cancelled", "retried"])
def test_a_step_may_ask_a_person_at_once(trip: SimpleNamespace, data: Any, decided: str) -> None:
    asked = patient(trip, data, on_timeout=ASK).and_given_timeout().expect_needs_attention()

    if decided == "answered":
        asked.and_given_success().expect_command(trip.ChargeCard(trip_id="t-1"))
    elif decided == "refused":
        asked.and_given_refusal().expect_compensation(trip.cancel_trip).expect_compensated()
    elif decided == "cancelled":
        asked.and_given_cancellation().expect_compensation(trip.CancelFlight(trip_id="t-1"))
    else:
        asked.and_given_intervention(Intervention.RETRY)
        asked.expect_command(trip.BookFlight(trip_id="t-1"))


def test_a_pivot_may_ask_a_person_at_once(trip: SimpleNamespace, data: Any) -> None:
    charging = patient(trip, data).and_given_success()

    charging.expect_command(trip.ChargeCard(trip_id="t-1")).and_given_timeout()
    charging.expect_needs_attention().and_given_success().expect_completed()


def test_a_compensation_is_sent_again_whatever_its_step_does_on_a_time_out(
    trip: SimpleNamespace, data: Any
) -> None:
    asked = patient(trip, data, on_timeout=ASK).and_given_cancellation()

    cancel = trip.CancelFlight(trip_id="t-1")
    asked.expect_compensation(cancel).and_given_timeout().expect_compensation(cancel)
    asked.and_given_timeout().expect_needs_attention()


def test_a_refusal_of_a_retriable_step_that_was_parked_is_tried_again(
    trip: SimpleNamespace, data: Any
) -> None:
    class AskingSaga(Saga[trip.TripData], type="Asking", version=1):  # type: ignore[name-defined]  # a fixture's
        steps = (command(trip.send_ticket, kind=RETRIABLE, retry=TWICE, on_timeout=ASK),)

    ticket = trip.SendTicket(trip_id="t-1")
    asked = given(AskingSaga, data).expect_command(ticket).and_given_timeout()
    asked.expect_needs_attention().and_given_refusal()

    asked.advance_time(seconds(1)).expect_command(ticket)


def test_each_wait_is_longer_by_a_random_share_of_it() -> None:
    retry = Retry(first=seconds(10), factor=2, jitter=0.5)

    assert retry.delay(1, lambda: 0.0) == seconds(10)
    assert retry.delay(1, lambda: 1.0) == seconds(15)
    assert retry.delay(2, lambda: 0.5) == seconds(25)
    assert retry.delay(0, lambda: 1.0) == seconds(0)


def test_a_transition_takes_chance_from_outside_and_none_by_itself(
    trip: SimpleNamespace, data: Any
) -> None:
    class CardSaga(Saga[trip.TripData], type="Card", version=1):  # type: ignore[name-defined]  # a fixture's
        steps = (command(trip.charge_card, kind=PIVOT, retry=Retry(first=seconds(10), jitter=0.5)),)

    started = SagaInstance(
        saga_id=uuid4(),
        saga_type="Card",
        definition_version=1,
        subject_key="t-1",
        created_at=NOW,
        data=data,
    )
    sent = advance(CardSaga, started, Started(), now=NOW, new_id=uuid4).after

    def next_answer_by(**chance: Any) -> Any:
        return advance(CardSaga, sent, TimedOut(), now=NOW, new_id=uuid4, **chance).after.due_at

    assert next_answer_by() == NOW + seconds(30) + seconds(10)
    assert next_answer_by(random=lambda: 1.0) == NOW + seconds(30) + seconds(15)


def test_what_runs_in_production_takes_chance(
    trip: SimpleNamespace, data: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class CardSaga(Saga[trip.TripData], type="Card", version=1):  # type: ignore[name-defined]  # a fixture's
        steps = (command(trip.charge_card, kind=PIVOT, retry=Retry(first=minutes(60), jitter=1)),)

    monkeypatch.setattr("chassis.sagas.batch.random.random", lambda: 1.0)
    started = SagaInstance(
        saga_id=uuid4(),
        saga_type="Card",
        definition_version=1,
        subject_key="t-1",
        created_at=NOW,
        data=data,
    )
    batch = Batch(Definitions([CardSaga]), {})
    batch.start(started)
    batch.move(started.saga_id, TimedOut())

    [moved] = batch.started
    assert moved.due_at is not None
    assert moved.due_at > datetime.now(UTC) + minutes(2), "twice the longest wait, and the time-out"
