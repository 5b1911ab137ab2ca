"""Sagas on a real database: what is one transaction, what a batch costs, what is refused."""

import asyncio
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from chassis.consumers.processor import Delivery, UnreadableMessageError
from chassis.messaging.contracts import Reply
from chassis.messaging.envelope import Direction, Outcome, ReceivedMessage
from chassis.messaging.headers import CAUSATION_ID, DEADLINE
from chassis.sagas import SagaDefinitionError, SagaState
from chassis.sagas.definitions import UnknownSagaError
from chassis.sagas.instances import ConcurrentChangeError
from chassis.testing.statements import recorded_statements

pytestmark = pytest.mark.real


def finished(outcome: str) -> float:
    labels = {"saga_type": "Trip", "outcome": outcome}
    return REGISTRY.get_sample_value("saga_finished_total", labels) or 0


async def go(bench: Any, trip: SimpleNamespace, *answers: Reply) -> None:
    for answer in answers:
        await bench.answer_all(answer)


async def test_a_saga_starts_with_the_transaction_of_its_caller(bench: Any) -> None:
    saga_id = await bench.start("t-1")

    assert await bench.rows("SELECT trip_id, state FROM trips") == [("t-1", "OPEN")]
    (command,) = await bench.sent()
    assert command.saga.saga_id == saga_id
    history = await bench.history("t-1")
    assert (history.saga_id, history.state, history.step) == (saga_id, "RUNNING", "book_flight")


async def test_a_caller_that_rolls_back_leaves_nothing_of_the_saga(
    bench: Any, trip: SimpleNamespace
) -> None:
    before = REGISTRY.get_sample_value("saga_started_total", {"saga_type": "Trip"}) or 0
    session = bench.database.sessions()
    await bench.orchestrator.start(
        session, trip.TripSaga, trip.TripData(trip_id="t-1"), subject_key="t-1"
    )
    await session.rollback()
    await session.close()

    for table in ("trips", "saga_instances", "saga_log", "outbox"):
        assert await bench.rows(f"SELECT * FROM {table}") == []
    after = REGISTRY.get_sample_value("saga_started_total", {"saga_type": "Trip"}) or 0
    assert after == before


async def test_a_command_says_which_step_of_which_saga_it_is_and_until_when_it_matters(
    bench: Any, trip: SimpleNamespace
) -> None:
    saga_id = await bench.start("t-1", wants_car=False)
    (book,) = await bench.sent()
    booked = bench.answer(book, trip.FlightBooked(seat="7A"))
    await bench.deliver(booked)
    (charge,) = await bench.sent()

    assert (charge.saga.saga_type, charge.saga.saga_id) == ("Trip", saga_id)
    assert (charge.saga.step, charge.saga.direction) == ("charge_card", Direction.ACTION)
    assert (charge.key, charge.reply_to) == ("t-1", "trip.replies")
    assert charge.correlation_id == str(saga_id)
    assert charge.headers[CAUSATION_ID] == str(booked.received.message_id)
    history = await bench.history("t-1")
    deadline = charge.headers[DEADLINE]
    assert history.wake_at is not None
    assert deadline == history.wake_at.isoformat()


async def test_a_saga_goes_through_to_its_end_and_can_be_read_afterwards(
    bench: Any, trip: SimpleNamespace
) -> None:
    before = finished("completed")
    await bench.start("t-1")
    await go(bench, trip, trip.FlightBooked(seat="7A"), trip.Done(), trip.Done(), trip.Done())

    assert await bench.rows("SELECT state FROM trips") == [("CLOSED",)]
    history = await bench.history("t-1")
    assert history.state is SagaState.COMPLETED
    assert history.ended_at == history.steps[-1].at
    assert history.wake_at is None
    assert [(step.kind, step.step) for step in history.steps] == [
        ("started", None),
        ("local", "open_trip"),
        ("command", "book_flight"),
        ("reply", "book_flight"),
        ("command", "book_car"),
        ("reply", "book_car"),
        ("command", "charge_card"),
        ("reply", "charge_card"),
        ("command", "send_ticket"),
        ("reply", "send_ticket"),
        ("local", "close_trip"),
        ("ended", None),
    ]
    assert history.steps[3].detail == "flight.FlightBooked.v1"
    assert history.steps[3].outcome == "success"
    assert finished("completed") == before + 1


async def test_a_refusal_sends_the_saga_back_with_its_reason(
    bench: Any, trip: SimpleNamespace
) -> None:
    await bench.start("t-1", wants_car=False)
    with capture_logs() as logs:
        await go(bench, trip, trip.FlightBooked(seat="7A"), trip.CardDeclined())
        (cancel,) = await bench.sent()
        await bench.deliver(bench.answer(cancel, trip.Done()))

    assert cancel.saga.direction is Direction.COMPENSATION
    assert await bench.rows("SELECT state FROM trips") == [("CANCELLED: DECLINED",)]
    assert (await bench.history("t-1")).state is SagaState.COMPENSATED
    changes = [line for line in logs if line["event"] == "saga changed state"]
    assert [line["state"] for line in changes] == ["COMPENSATING", "COMPENSATED"]


async def test_the_log_keeps_the_data_at_the_start_and_the_replies_that_were_taken_note_of(
    bench: Any, trip: SimpleNamespace
) -> None:
    await bench.start("t-1", wants_car=False)
    await go(bench, trip, trip.FlightBooked(seat="7A"), trip.CardDeclined(), trip.Done())

    bodies = await bench.rows("SELECT kind, detail, body FROM saga_log ORDER BY id")
    assert [tuple(row) for row in bodies if row.body is not None] == [
        (
            "started",
            None,
            {"trip_id": "t-1", "wants_car": False, "seat": None, "reason": None},
        ),
        ("reply", "flight.FlightBooked.v1", {"seat": "7A"}),
        ("refusal", "card.CardDeclined.v1", {}),
    ]


async def test_a_hundred_replies_that_move_a_hundred_sagas_are_at_most_six_statements(
    bench: Any, trip: SimpleNamespace
) -> None:
    for number in range(50):
        await bench.start(f"t-{number}", wants_car=False)
    await go(bench, trip, trip.FlightBooked(seat="7A"), trip.Done())
    for number in range(50, 100):
        await bench.start(f"t-{number}", wants_car=False)
    commands = await bench.sent()
    assert {command.saga.step for command in commands} == {"send_ticket", "book_flight"}
    answers = [bench.answer(command, trip.Done()) for command in commands]

    with recorded_statements(bench.database) as statements:
        await bench.deliver(*answers)

    assert len(answers) == 100
    assert len(statements) <= 6, "inbox, lock, load, update with log, flush, outbox"
    states = await bench.rows("SELECT state, count(*) FROM saga_instances GROUP BY 1 ORDER BY 1")
    assert states == [("COMPLETED", 50), ("RUNNING", 50)]
    assert await bench.rows("SELECT count(*) FROM trips WHERE state = 'CLOSED'") == [(50,)]
    assert len(await bench.sent()) == 50


async def test_a_reply_that_comes_twice_moves_the_saga_once(
    bench: Any, trip: SimpleNamespace
) -> None:
    await bench.start("t-1")
    (book,) = await bench.sent()
    booked = bench.answer(book, trip.FlightBooked(seat="7A"))
    booked_again = bench.answer(book, trip.FlightBooked(seat="7A"))

    await bench.deliver(booked, booked)
    await bench.deliver(booked)
    await bench.deliver(booked_again)

    assert [command.wire_type for command in await bench.sent()] == ["car.BookCar.v1"]
    kinds = [step.kind for step in (await bench.history("t-1")).steps]
    assert kinds.count("reply") == 1
    assert kinds.count("ignored") == 1, "the inbox knows the same message, not another one"


async def test_a_reply_after_the_end_is_recorded_and_changes_nothing(
    bench: Any, trip: SimpleNamespace
) -> None:
    await bench.start("t-1")
    (book,) = await bench.sent()
    await bench.deliver(bench.answer(book, trip.NoSeat()))
    ended = await bench.history("t-1")
    stored = await bench.rows("SELECT * FROM saga_instances")

    late = bench.answer(book, trip.FlightBooked(seat="7A"))
    await bench.deliver(late)

    history = await bench.history("t-1")
    assert history.state is SagaState.COMPENSATED
    assert history.ended_at == ended.ended_at
    assert await bench.rows("SELECT * FROM saga_instances") == stored
    assert history.steps[-1].kind == "ignored"
    assert history.steps[-1].message_id == late.received.message_id
    assert await bench.sent() == []


async def test_several_replies_of_one_saga_in_one_batch_are_taken_in_their_order(
    bench: Any, trip: SimpleNamespace
) -> None:
    await bench.start("t-1", wants_car=False)
    (book,) = await bench.sent()
    charge_saga = replace(book.saga, step="charge_card")
    charge = replace(book, saga=charge_saga, message_id=uuid4())

    await bench.deliver(
        bench.answer(book, trip.FlightBooked(seat="7A")), bench.answer(charge, trip.Done())
    )

    history = await bench.history("t-1")
    assert (history.state, history.step) == (SagaState.RUNNING, "send_ticket")
    assert [command.saga.step for command in await bench.sent()] == ["charge_card", "send_ticket"]


async def test_two_that_change_one_instance_at_once_are_told_and_nothing_is_lost(
    bench: Any,
) -> None:
    saga_id = await bench.start("t-1")
    instances = bench.orchestrator.instances
    async with bench.database.sessions.begin() as session:
        seen = (await instances.lock(session, [saga_id]))[saga_id]
    async with bench.database.sessions.begin() as session:
        await instances.update(session, [replace(seen, error="mine")], [])

    with pytest.raises(ConcurrentChangeError, match=str(saga_id)):
        async with bench.database.sessions.begin() as session:
            await instances.update(session, [replace(seen, error="another's")], [])
    assert await bench.rows("SELECT error, version FROM saga_instances") == [("mine", 2)]


async def test_two_batches_with_the_same_sagas_wait_for_each_other(
    bench: Any, trip: SimpleNamespace
) -> None:
    for number in range(20):
        await bench.start(f"t-{number}")
    answers = [bench.answer(book, trip.Done()) for book in await bench.sent()]
    again = [bench.answer(replace(a.received, reply_to=None), trip.Done()) for a in answers]

    with capture_logs() as logs:
        await asyncio.gather(bench.deliver(*answers), bench.deliver(*reversed(again)))

    assert logs == [], "no deadlock, so neither batch was tried again one by one"
    assert len(await bench.sent()) == 20


async def test_a_local_step_that_breaks_rolls_back_the_batch_and_is_no_refusal(
    bench: Any, trip: SimpleNamespace
) -> None:
    await bench.start("t-1", wants_car=False)
    await bench.start("t-2", wants_car=False)
    await go(bench, trip, trip.Done(), trip.Done())
    await bench.execute("DELETE FROM trips WHERE trip_id = 't-1'")
    answers = [bench.answer(ticket, trip.Done()) for ticket in await bench.sent()]

    is_waiting = await bench.deliver(*answers)

    assert is_waiting, "the reply of the broken one is tried again later"
    broken, other = await bench.history("t-1"), await bench.history("t-2")
    assert (broken.state, broken.step) == (SagaState.RUNNING, "send_ticket")
    assert other.state is SagaState.COMPLETED


async def test_an_instance_ends_on_the_version_it_was_started_with(
    bench: Any, trip: SimpleNamespace
) -> None:
    await bench.start("t-1")
    bench.orchestrator = bench.new_orchestrator(trip.TripSaga, trip.NewTripSaga)
    await bench.start("t-2", saga=trip.NewTripSaga)
    await bench.answer_all(trip.Done())

    assert (await bench.history("t-1")).step == "book_car"
    assert (await bench.history("t-2")).state is SagaState.COMPLETED


async def test_a_reply_to_a_version_that_is_not_loaded_is_left_waiting(
    bench: Any, trip: SimpleNamespace
) -> None:
    await bench.start("t-1")
    (book,) = await bench.sent()
    booked = bench.answer(book, trip.FlightBooked(seat="7A"))
    bench.orchestrator = bench.new_orchestrator(trip.NewTripSaga)

    delivery = Delivery(booked.received, bench.orchestrator.read(booked.received))
    async with bench.database.sessions() as session:
        with pytest.raises(UnknownSagaError, match="version 1 of the saga Trip is not loaded"):
            await bench.orchestrator.process(session, [delivery])
    assert await bench.deliver(booked), "it waits in the database"
    assert (await bench.history("t-1")).step == "book_flight"


async def test_a_reply_to_a_saga_that_does_not_exist_is_told_and_dropped(
    bench: Any, trip: SimpleNamespace
) -> None:
    await bench.start("t-1")
    (book,) = await bench.sent()
    stray = replace(book, saga=replace(book.saga, saga_id=uuid4()))

    with capture_logs() as logs:
        await bench.deliver(bench.answer(stray, trip.Done()))

    assert [line["event"] for line in logs] == ["reply to an unknown saga"]


async def booked(bench: Any, trip: SimpleNamespace) -> ReceivedMessage:
    await bench.start("t-1")
    (book,) = await bench.sent()
    received: ReceivedMessage = bench.answer(book, trip.FlightBooked(seat="7A")).received
    return received


async def test_a_reply_that_cannot_be_read_is_told_apart_from_one_that_nobody_knows(
    bench: Any, trip: SimpleNamespace
) -> None:
    reply = await booked(bench, trip)
    assert reply.saga is not None
    read = bench.orchestrator.read

    for unreadable in (
        replace(reply, saga=None),
        replace(reply, outcome=None),
        replace(reply, body=b'{"seat": 7}'),
        replace(reply, outcome=Outcome.REFUSED),
        replace(reply, headers={CAUSATION_ID: "nothing"}),
    ):
        with pytest.raises(UnreadableMessageError):
            read(unreadable)
    with pytest.raises(UnknownSagaError, match="the saga Voyage is not loaded here"):
        read(replace(reply, saga=replace(reply.saga, saga_type="Voyage")))


async def test_the_reason_why_a_reply_is_unreadable_does_not_repeat_its_values(
    bench: Any, trip: SimpleNamespace
) -> None:
    reply = await booked(bench, trip)

    with pytest.raises(UnreadableMessageError) as unreadable:
        bench.orchestrator.read(replace(reply, body=b'{"seat": {"secret": 1}}'))
    assert "seat" in str(unreadable.value)
    assert "secret" not in str(unreadable.value)


async def test_a_reply_that_no_step_takes_note_of_counts_by_its_outcome(
    bench: Any, trip: SimpleNamespace
) -> None:
    reply = await booked(bench, trip)
    unknown = replace(reply, wire_type="flight.Something.v9", body=b"{}")

    assert bench.orchestrator.read(unknown).refused is False
    assert bench.orchestrator.read(replace(unknown, outcome=Outcome.REFUSED)).refused is True


def test_definitions_that_contradict_each_other_are_refused(trip: SimpleNamespace) -> None:
    bench = trip.Bench(None)

    with pytest.raises(SagaDefinitionError, match="give the newer one a higher version"):
        bench.new_orchestrator(trip.TripSaga, trip.TripSaga)
    with pytest.raises(SagaDefinitionError, match="'pay' of PaidTripSaga starts PaymentSaga"):
        bench.new_orchestrator(trip.PaidTripSaga)
    with pytest.raises(SagaDefinitionError, match=r"two classes declare the reply flight\.NoSeat"):
        bench.new_orchestrator(trip.TripSaga, trip.ForeignSaga)
