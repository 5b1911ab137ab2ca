"""The spans of a saga: one for each step and direction, whatever moves it on."""

from types import SimpleNamespace
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode
from structlog.testing import capture_logs

from chassis.logs import correlation
from chassis.sagas import SagaTimers
from chassis.testing.spans import ExportedSpans

pytestmark = pytest.mark.real


def steps(spans: ExportedSpans) -> list[tuple[str, str, str, bool]]:
    """Each step: its name, direction and outcome, and whether it is an error."""
    return [
        (
            span.attributes["saga.step"],
            span.attributes["saga.direction"],
            span.attributes["saga.outcome"],
            span.status.status_code is StatusCode.ERROR,
        )
        for span in spans.all
        if "saga.outcome" in span.attributes
    ]


def parent(spans: ExportedSpans, child: ReadableSpan) -> ReadableSpan | None:
    [found] = [span for span in spans.all if child.parent.span_id == span.context.span_id]
    return found


async def _move_due(bench: Any) -> None:
    """What is due in a minute happens now."""
    await bench.execute("UPDATE saga_instances SET due_at = now(), wake_at = now()")
    await SagaTimers(bench.database, bench.orchestrator)._fire_what_is_due()


async def test_a_step_lasts_from_its_command_to_its_answer_and_is_the_parent_of_the_command(
    bench: Any, trip: SimpleNamespace, spans: ExportedSpans
) -> None:
    with spans.tracing.tracer.start_as_current_span("request"):
        await bench.start("t-1")
    assert steps(spans) == [("open_trip", "action", "success", False)]

    await bench.answer_all(trip.FlightBooked(seat="1A"))

    [step] = spans.named("saga Trip book_flight")
    [create] = spans.named("create flight.commands")
    [process] = spans.named("process trip.replies")
    assert parent(spans, create) is step
    assert parent(spans, step).name == "request"
    assert step.start_time <= create.start_time
    assert process.start_time <= step.end_time
    assert step.attributes["saga.attempt"] == 1


async def test_a_refusal_marks_the_step_that_was_refused_and_no_other(
    bench: Any, trip: SimpleNamespace, spans: ExportedSpans
) -> None:
    with spans.tracing.tracer.start_as_current_span("request"):
        await bench.start("t-1", wants_car=False)
    await bench.answer_all(trip.FlightBooked(seat="1A"))
    await bench.answer_all(trip.CardDeclined())
    await bench.answer_all(trip.Done())

    assert steps(spans) == [
        ("open_trip", "action", "success", False),
        ("book_flight", "action", "success", False),
        ("charge_card", "action", "refused", True),
        ("book_flight", "compensation", "success", False),
        ("open_trip", "compensation", "success", False),
    ]
    assert (
        len({span.context.trace_id for span in spans.all if "saga.outcome" in span.attributes}) == 1
    )


async def test_a_time_out_marks_its_step_and_what_follows_belongs_to_the_same_trace(
    bench: Any, spans: ExportedSpans
) -> None:
    with spans.tracing.tracer.start_as_current_span("request") as request:
        await bench.start("t-1")
    await bench.sent()

    await _move_due(bench)

    assert steps(spans)[-1] == ("book_flight", "action", "timed-out", True)
    [timed_out] = spans.named("saga Trip book_flight")
    assert timed_out.attributes["error.type"] == "timeout"
    [undoing] = await bench.sent()
    trace_id = f"{request.get_span_context().trace_id:032x}"
    assert undoing.headers["traceparent"].split("-")[1] == trace_id
    assert (await bench.history("t-1")).trace_id == trace_id


async def test_a_command_that_is_sent_again_is_no_error_until_the_saga_gives_up(
    bench: Any, trip: SimpleNamespace, spans: ExportedSpans
) -> None:
    with spans.tracing.tracer.start_as_current_span("request"):
        await bench.start("t-1", wants_car=False)
    await bench.answer_all(trip.FlightBooked(seat="1A"))

    for _ in range(3):
        await _move_due(bench)

    assert steps(spans)[-3:] == [
        ("charge_card", "action", "timed-out", False),
        ("charge_card", "action", "timed-out", False),
        ("charge_card", "action", "timed-out", True),
    ]
    assert (await bench.history("t-1")).state == "NEEDS_ATTENTION"
    assert len({span.context.trace_id for span in spans.named("saga Trip charge_card")}) == 1


async def test_a_saga_that_no_request_has_started_has_a_trace_that_begins_with_itself(
    bench: Any, trip: SimpleNamespace, spans: ExportedSpans
) -> None:
    await bench.start("t-1")
    await bench.answer_all(trip.FlightBooked(seat="1A"))

    [root] = spans.named("saga Trip")
    assert root.parent is None
    assert {parent(spans, span).name for span in spans.named("saga Trip book_flight")} == {
        "saga Trip"
    }


async def test_a_transaction_that_is_rolled_back_leaves_no_span_of_the_step(
    bench: Any, trip: SimpleNamespace, spans: ExportedSpans
) -> None:
    with spans.tracing.tracer.start_as_current_span("request"):
        await bench.start("t-1", wants_car=False)
    await bench.answer_all(trip.FlightBooked(seat="1A"))
    await bench.answer_all(trip.Done())
    answers = [bench.answer(command, trip.Done()) for command in await bench.sent()]
    await bench.execute("ALTER TABLE trips RENAME TO elsewhere")  # the last step cannot be done
    assert await bench.deliver(*answers)
    assert [span.attributes["message.outcome"] for span in spans.named("process trip.replies")] == [
        *("handled", "handled", "set-aside")
    ]
    assert spans.named("saga Trip send_ticket") == []
    assert spans.named("saga Trip close_trip") == []


async def test_every_line_about_a_saga_says_which_one_and_in_which_trace(
    bench: Any, trip: SimpleNamespace, spans: ExportedSpans
) -> None:
    with capture_logs(processors=correlation(traced=True)) as lines:
        with spans.tracing.tracer.start_as_current_span("request") as request:
            saga_id = await bench.start("t-1")
        await bench.answer_all(trip.NoSeat())

    trace_id = f"{request.get_span_context().trace_id:032x}"
    about = [(line["event"], line["saga_id"], line["trace_id"]) for line in lines]
    assert about == [
        ("saga started", str(saga_id), trace_id),
        ("saga changed state", str(saga_id), trace_id),
    ]
    [reply] = spans.named("process trip.replies")
    assert lines[1]["message_id"] == reply.attributes["messaging.message.id"]
