"""Parallel groups on a real database: what is stored of them, what a batch of them costs."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import REGISTRY

from chassis.messaging.envelope import ReceivedMessage
from chassis.sagas import Intervened, Intervention, SagaState
from chassis.testing.spans import ExportedSpans
from chassis.testing.statements import recorded_statements

pytestmark = pytest.mark.real


@pytest.fixture
def together(bench: Any, trip: SimpleNamespace) -> Any:
    bench.orchestrator = bench.new_orchestrator(trip.BookTogetherSaga)
    return bench


async def begin(bench: Any, trip: SimpleNamespace, trip_id: str) -> dict[str, ReceivedMessage]:
    """A trip that is being booked: the command of each step."""
    await bench.start(trip_id, saga=trip.BookTogetherSaga)
    return {command.saga.step: command for command in await bench.sent()}


async def fire(bench: Any, at: datetime) -> None:
    async with bench.database.sessions.begin() as session:
        await bench.orchestrator.fire(session, now=at, limit=10)


def states(history: Any) -> dict[str, str]:
    return {branch.step: branch.state for branch in history.branches}


async def test_a_group_is_taken_on_answer_by_answer_by_whichever_process(
    together: Any, trip: SimpleNamespace
) -> None:
    commands = await begin(together, trip, "t-1")
    assert set(commands) == {"book_flight", "book_car", "check_passport"}
    history = await together.history("t-1")
    assert (history.step, states(history)) == ("book", dict.fromkeys(commands, "waiting"))

    for step in ("check_passport", "book_flight"):
        together.orchestrator = together.new_orchestrator(trip.BookTogetherSaga)
        await together.deliver(together.answer(commands[step], trip.Done()))
        assert await together.sent() == []
    history = await together.history("t-1")
    assert states(history) == {
        "book_flight": "done",
        "book_car": "waiting",
        "check_passport": "done",
    }

    await together.deliver(together.answer(commands["book_car"], trip.Done()))
    assert [command.saga.step for command in await together.sent()] == ["charge_card"]
    assert (await together.history("t-1")).branches == ()


async def test_all_answers_of_a_group_in_one_batch_are_one_move_after_the_other(
    together: Any, trip: SimpleNamespace
) -> None:
    commands = await begin(together, trip, "t-1")

    with recorded_statements(together.database) as statements:
        answers = [together.answer(command, trip.Done()) for command in commands.values()]
        await together.deliver(*answers)

    assert len(statements) <= 4, "inbox, lock, update with log and outbox, outbox"
    await together.answer_all(trip.Done())
    sent = {command.saga.step for command in await together.sent()}
    assert sent == {"send_ticket", "send_voucher"}


async def test_a_time_out_in_a_group_turns_it_back_once_and_late_answers_are_ignored(
    together: Any, trip: SimpleNamespace
) -> None:
    commands = await begin(together, trip, "t-1")
    await together.deliver(together.answer(commands["book_car"], trip.Done()))
    later = datetime.now(UTC) + timedelta(seconds=15)

    await fire(together, later)
    await fire(together, later)
    undoing = {command.saga.step: command for command in await together.sent()}
    assert set(undoing) == {"book_flight", "book_car"}, "and nothing undoes looking at a passport"

    await together.deliver(together.answer(commands["book_flight"], trip.Done()))
    await together.deliver(together.answer(commands["check_passport"], trip.Refused()))
    assert (await together.history("t-1")).state is SagaState.COMPENSATING
    for command in undoing.values():
        await together.deliver(together.answer(command, trip.Done()))

    history = await together.history("t-1")
    assert history.state is SagaState.COMPENSATED
    assert [step.kind for step in history.steps].count("ignored") == 2
    assert await together.rows("SELECT state FROM trips") == [("CANCELLED: TIMED_OUT",)]


async def past_the_pivot(
    bench: Any, trip: SimpleNamespace, trip_id: str
) -> dict[str, ReceivedMessage]:
    commands = await begin(bench, trip, trip_id)
    await bench.deliver(*[bench.answer(command, trip.Done()) for command in commands.values()])
    await bench.answer_all(trip.Done())
    return {command.saga.step: command for command in await bench.sent()}


async def test_a_group_wakes_for_the_earliest_of_its_steps(
    together: Any, trip: SimpleNamespace
) -> None:
    await past_the_pivot(together, trip, "t-1")
    now = datetime.now(UTC)

    await fire(together, now + timedelta(seconds=11))
    (ticket,) = await together.sent()
    assert ticket.saga.step == "send_ticket"
    await together.deliver(together.answer(ticket, trip.Done()))
    await fire(together, now + timedelta(seconds=21))
    assert [command.saga.step for command in await together.sent()] == ["send_voucher"]


async def test_a_group_whose_steps_are_parked_is_retried_by_an_operator(
    together: Any, trip: SimpleNamespace
) -> None:
    commands = await past_the_pivot(together, trip, "t-1")
    await together.deliver(together.answer(commands["send_voucher"], trip.Done()))
    for hours in range(1, 5):  # the deadline goes before the time-outs
        await fire(together, datetime.now(UTC) + timedelta(hours=hours))
    await together.sent()
    parked = await together.history("t-1")
    assert parked.state is SagaState.NEEDS_ATTENTION
    assert parked.error == "'send_ticket' was not answered in 3 attempts"
    assert states(parked) == {"send_ticket": "parked", "send_voucher": "done"}

    async with together.database.sessions.begin() as session:
        retry = Intervened(Intervention.RETRY, "the printer has paper again", "ann")
        await together.orchestrator.intervene(session, parked.saga_id, retry)
    assert [command.saga.step for command in await together.sent()] == ["send_ticket"]
    assert (await together.history("t-1")).state is SagaState.RUNNING


async def test_each_step_of_a_group_has_a_span_and_is_measured(
    together: Any, trip: SimpleNamespace, spans: ExportedSpans
) -> None:
    def measured() -> float:
        labels = {"saga_type": "BookTogether", "step": "book_car", "direction": "action"}
        return REGISTRY.get_sample_value("saga_step_duration_seconds_count", labels) or 0

    before = measured()
    with spans.tracing.tracer.start_as_current_span("request") as request:
        commands = await begin(together, trip, "t-1")
    await together.deliver(together.answer(commands["book_car"], trip.Done()))
    await together.deliver(together.answer(commands["book_flight"], trip.NoSeat()))

    assert measured() == before + 1
    steps = {
        span.attributes["saga.step"]: (span.attributes["saga.outcome"], span.parent.span_id)
        for span in spans.all
        if span.attributes and span.parent and "saga.outcome" in span.attributes
    }
    parent = request.get_span_context().span_id
    assert steps == {
        "open_trip": ("success", parent),
        "book_car": ("success", parent),
        "book_flight": ("refused", parent),
        "check_passport": ("given-up", parent),
    }
    ended = [span for span in spans.all if "saga.outcome" in (span.attributes or {})]
    trace_ids = {span.context.trace_id for span in ended}
    assert trace_ids == {request.get_span_context().trace_id}
