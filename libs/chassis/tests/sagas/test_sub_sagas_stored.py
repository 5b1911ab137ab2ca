"""Sagas and sub-sagas on a real database: one transaction to start, messages to end."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from chassis.ids import new_id
from chassis.sagas import SagaHistory, SagaState, saga_history
from chassis.testing.spans import ExportedSpans

pytestmark = pytest.mark.real


@pytest.fixture
def paid(bench: Any, trip: SimpleNamespace) -> Any:
    bench.orchestrator = bench.new_orchestrator(trip.PaidTripSaga, trip.PaymentSaga)
    return bench


async def family(bench: Any) -> tuple[SagaHistory, SagaHistory]:
    async with bench.database.sessions() as session:
        parent, child = await saga_history(session, "t-1")
    return parent, child


async def begin(bench: Any, trip: SimpleNamespace) -> Any:
    """A trip that is being paid for: the first command of the payment."""
    saga_id = await bench.start("t-1", saga=trip.PaidTripSaga)
    announced, hold = await bench.sent()
    assert (announced.wire_type, announced.reply_to) == ("flight.AnnounceTrip.v1", None)
    assert hold.wire_type == "card.HoldAmount.v1"
    return saga_id, hold


async def carry(bench: Any) -> None:
    """What sagas say to each other comes back on their service's own channel."""
    messages = await bench.sent()
    assert {message.wire_type.split(".")[0] for message in messages} == {"chassis"}
    await bench.deliver(*[bench.received(message) for message in messages])


async def test_a_sub_saga_starts_with_its_parent_and_answers_it_with_its_end(
    paid: Any, trip: SimpleNamespace
) -> None:
    saga_id, hold = await begin(paid, trip)
    parent, child = await family(paid)
    assert (parent.saga_id, parent.children, parent.parent) == (saga_id, (child.saga_id,), None)
    assert child.parent is not None
    assert (child.parent.saga_id, child.parent.step) == (saga_id, "pay")
    assert (parent.step, parent.wake_at) == ("pay", parent.deadline), "it has no time-out"

    await paid.deliver(paid.answer(hold, trip.Done()))
    await paid.answer_all(trip.Done())
    await paid.answer_all(trip.Done())
    assert (await family(paid))[1].state is SagaState.COMPLETED
    await carry(paid)

    assert [command.saga.step for command in await paid.sent()] == ["book_flight"]
    parent, _ = await family(paid)
    assert [step.kind for step in parent.steps][-2:] == ["reply", "command"]


async def test_a_caller_that_rolls_back_leaves_nothing_of_parent_and_child(
    paid: Any, trip: SimpleNamespace
) -> None:
    session = paid.database.sessions()
    await paid.orchestrator.start(
        session, trip.PaidTripSaga, trip.TripData(trip_id="t-1"), subject_key="t-1"
    )
    await session.rollback()
    await session.close()

    for table in ("trips", "saga_instances", "saga_log", "outbox"):
        assert await paid.rows(f"SELECT * FROM {table}") == []


async def test_a_sub_saga_that_is_refused_undoes_its_parent_too(
    paid: Any, trip: SimpleNamespace
) -> None:
    _, hold = await begin(paid, trip)
    await paid.deliver(paid.answer(hold, trip.Refused()))
    await carry(paid)

    (withdrawn,) = await paid.sent()
    assert (withdrawn.wire_type, withdrawn.reply_to) == ("flight.WithdrawTrip.v1", None)
    parent, child = await family(paid)
    assert (parent.state, child.state) == ("COMPENSATED", "COMPENSATED")
    assert await paid.rows("SELECT state FROM trips") == [("CANCELLED: UNPAID",)]


async def cancel(bench: Any, saga_id: Any) -> None:
    async with bench.database.sessions.begin() as session:
        await bench.orchestrator.cancel(session, saga_id, reason="ill")


async def test_a_cancelled_parent_takes_a_child_back_that_still_can(
    paid: Any, trip: SimpleNamespace
) -> None:
    saga_id, hold = await begin(paid, trip)
    await cancel(paid, saga_id)
    await carry(paid)
    (release,) = await paid.sent()
    assert release.wire_type == "card.ReleaseAmount.v1"
    await paid.deliver(paid.answer(hold, trip.Done()))

    await paid.deliver(paid.answer(release, trip.Done()))
    await carry(paid)

    parent, child = await family(paid)
    assert (parent.state, child.state) == ("COMPENSATED", "COMPENSATED")
    told = [step.detail for step in child.steps if step.kind == "intervened"]
    assert told == ["CANCEL by the parent saga: it goes back"]


async def test_a_cancelled_parent_waits_for_a_child_past_its_pivot_and_undoes_it_then(
    paid: Any, trip: SimpleNamespace
) -> None:
    saga_id, hold = await begin(paid, trip)
    await paid.deliver(paid.answer(hold, trip.Done()))
    (charge,) = await paid.sent()
    await cancel(paid, saga_id)
    await carry(paid)
    parent, child = await family(paid)
    assert (parent.state, child.state) == ("COMPENSATING", "RUNNING")
    assert child.steps[-1].kind == "ignored"
    assert "the pivot 'charge' may have happened" in str(child.steps[-1].detail)

    await paid.deliver(paid.answer(charge, trip.Done()))
    await paid.answer_all(trip.Done())
    await carry(paid)
    (pay_back,) = await paid.sent()
    assert pay_back.wire_type == "card.PayBack.v1"
    await paid.deliver(paid.answer(pay_back, trip.Done()))

    parent, child = await family(paid)
    assert (parent.state, child.state) == ("COMPENSATED", "COMPLETED")


async def test_the_end_of_a_child_that_comes_again_is_no_answer_to_what_undoes_it(
    paid: Any, trip: SimpleNamespace
) -> None:
    _, hold = await begin(paid, trip)
    await paid.deliver(paid.answer(hold, trip.Done()))
    await paid.answer_all(trip.Done())
    await paid.answer_all(trip.Done())
    (end,) = await paid.sent()
    await paid.deliver(paid.received(end))
    await paid.answer_all(trip.Refused())
    (pay_back,) = await paid.sent()
    assert pay_back.wire_type == "card.PayBack.v1"

    await paid.deliver(paid.received(replace(end, message_id=new_id())))

    parent, _ = await family(paid)
    assert (parent.state, parent.steps[-1].kind) == ("COMPENSATING", "ignored")


async def test_a_child_that_needs_attention_shows_in_the_history_of_its_parent(
    paid: Any, trip: SimpleNamespace
) -> None:
    await begin(paid, trip)
    await paid.execute(
        "UPDATE saga_instances SET state = 'NEEDS_ATTENTION', wake_at = NULL, error = 'card reader'"
        " WHERE saga_type = 'Payment'"
    )

    parent, child = await family(paid)
    assert child.saga_id in parent.children
    assert (child.state, child.error) == (SagaState.NEEDS_ATTENTION, "card reader")


async def test_parent_and_child_are_one_trace(
    paid: Any, trip: SimpleNamespace, spans: ExportedSpans
) -> None:
    with spans.tracing.tracer.start_as_current_span("request") as request:
        _, hold = await begin(paid, trip)
    await paid.deliver(paid.answer(hold, trip.Refused()))
    await carry(paid)

    [pay] = spans.named("saga PaidTrip pay")
    [held] = spans.named("saga Payment hold_amount")
    assert pay.attributes is not None
    assert held.parent is not None
    assert pay.attributes["saga.outcome"] == "refused"
    assert held.parent.span_id == pay.context.span_id
    assert {span.context.trace_id for span in (pay, held)} == {request.get_span_context().trace_id}
