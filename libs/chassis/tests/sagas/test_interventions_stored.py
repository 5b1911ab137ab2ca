"""Interventions on a real database: one transaction each, kept in the log, nothing by halves."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from prometheus_client import REGISTRY

from chassis.sagas import (
    Intervened,
    Intervention,
    InterventionRefusedError,
    SagaState,
    UnknownInstanceError,
)
from chassis.testing.spans import ExportedSpans

pytestmark = pytest.mark.real


async def intervene(bench: Any, saga_id: Any, move: Intervention) -> None:
    async with bench.database.sessions.begin() as session:
        await bench.orchestrator.intervene(
            session, saga_id, Intervened(move, "the airline is on strike", "ann")
        )


async def fire(bench: Any) -> int:
    async with bench.database.sessions.begin() as session:
        later = datetime.now(UTC) + timedelta(hours=1)
        fired: int = await bench.orchestrator.fire(session, now=later, limit=10)
        return fired


async def test_a_cancelled_saga_goes_back_and_its_log_says_who_wanted_it_and_why(
    bench: Any, trip: SimpleNamespace
) -> None:
    saga_id = await bench.start("t-1", wants_car=False)
    await bench.sent()

    async with bench.database.sessions.begin() as session:
        await bench.orchestrator.cancel(session, saga_id, reason="ill", by="customer c-1")
    (cancel,) = await bench.sent()
    await bench.deliver(bench.answer(cancel, trip.Done()))

    history = await bench.history("t-1")
    assert history.state is SagaState.COMPENSATED
    assert await bench.rows("SELECT state FROM trips") == [("CANCELLED: CANCELLED",)]
    told = [step for step in history.steps if step.kind == "intervened"]
    assert [step.detail for step in told] == ["CANCEL by customer c-1: ill"]
    assert [step.step for step in told] == ["book_flight"]


async def test_a_paused_saga_takes_its_answer_and_goes_on_in_another_process(
    bench: Any, trip: SimpleNamespace
) -> None:
    saga_id = await bench.start("t-1", wants_car=False)
    await intervene(bench, saga_id, Intervention.PAUSE)

    assert await fire(bench) == 0, "its timers rest"
    await bench.answer_all(trip.FlightBooked(seat="7A"))
    paused = await bench.history("t-1")
    assert (paused.state, paused.step, paused.wake_at) == ("RUNNING", "book_flight", None)
    assert paused.paused_at is not None
    assert await bench.sent() == []

    bench.orchestrator = bench.new_orchestrator(trip.TripSaga)
    await intervene(bench, saga_id, Intervention.RESUME)
    assert [command.saga.step for command in await bench.sent()] == ["charge_card"]
    resumed = await bench.history("t-1")
    assert resumed.paused_at is None
    assert resumed.wake_at is not None
    assert await fire(bench) == 1


async def test_a_refused_intervention_changes_nothing(bench: Any, trip: SimpleNamespace) -> None:
    saga_id = await bench.start("t-1", wants_car=False)
    await bench.answer_all(trip.Done())
    before = await bench.rows("SELECT * FROM saga_instances"), await bench.history("t-1")

    with pytest.raises(InterventionRefusedError, match="charge_card"):
        await intervene(bench, saga_id, Intervention.COMPENSATE)
    with pytest.raises(UnknownInstanceError, match="there is no saga"):
        await intervene(bench, uuid4(), Intervention.RETRY)

    assert before == (await bench.rows("SELECT * FROM saga_instances"), await bench.history("t-1"))


async def test_an_instance_stored_before_there_were_pauses_and_groups_goes_on(
    bench: Any, trip: SimpleNamespace
) -> None:
    await bench.execute(
        "INSERT INTO saga_instances (saga_id, saga_type, definition_version, subject_key, data,"
        " state, step, direction, attempt, command_id, done, due_at, wake_at, version, created_at,"
        " updated_at) VALUES (gen_random_uuid(), 'Trip', 1, 't-1',"
        ' \'{"trip_id": "t-1", "wants_car": false, "seat": null, "reason": null}\', \'RUNNING\','
        " 'book_flight', 'action', 1, gen_random_uuid(), '[\"open_trip\"]', now(), now(), 1, now(),"
        " now())"
    )
    await bench.execute("INSERT INTO trips VALUES ('t-1', 'OPEN')")

    assert await fire(bench) == 1
    await bench.answer_all(trip.Done())

    assert (await bench.history("t-1")).state is SagaState.COMPENSATED


async def test_interventions_are_counted_and_end_the_span_of_what_was_waited_for(
    bench: Any, trip: SimpleNamespace, spans: ExportedSpans
) -> None:
    def counted() -> float:
        labels = {"saga_type": "Trip", "move": "skip"}
        return REGISTRY.get_sample_value("saga_interventions_total", labels) or 0

    before = counted()
    saga_id = await bench.start("t-1", wants_car=False)
    await intervene(bench, saga_id, Intervention.PAUSE)
    assert spans.named("saga Trip book_flight") == [], "the answer is still waited for"
    await intervene(bench, saga_id, Intervention.RESUME)
    await intervene(bench, saga_id, Intervention.SKIP)

    assert counted() == before + 1
    [span] = spans.named("saga Trip book_flight")
    assert span.attributes is not None
    assert span.attributes["saga.outcome"] == "intervened"
