"""What the spans of a consumer tell: the truth, once, in the trace that the message was made in."""

import asyncio
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import orjson
import pytest
import structlog
from opentelemetry.trace import SpanKind, StatusCode
from sqlalchemy import text
from structlog.testing import capture_logs
from typer.testing import CliRunner

from chassis.cli import app
from chassis.logs import correlation
from chassis.messaging.envelope import Direction, OutgoingMessage, SagaReference
from chassis.testing.spans import ExportedSpans
from devkit.eventually import eventually

PROCESS = "process ledger.commands"
CREATE_REPLY = "create asker.replies"


@pytest.fixture
def send(ledger: Any, spans: ExportedSpans) -> Any:
    """Sends a command as a service that traces does; some headers may be changed."""

    async def send(command: OutgoingMessage, **changed: str) -> None:
        carrier = spans.tracing.messages.create(command, "ledger.commands")
        headers = {**dict(command.headers("asker-service")), **carrier, **changed}
        await ledger.publish(command, headers, command.message.to_body())

    return send


def edges(spans: ExportedSpans) -> Counter[tuple[str | None, str]]:
    """How often which span is the parent of which."""
    names = {span.context.span_id: span.name for span in spans.all}
    return Counter(
        (names[span.parent.span_id] if span.parent else None, span.name) for span in spans.all
    )


async def test_a_handler_runs_in_the_span_of_its_message_linked_to_and_below_its_creation(
    ledger: Any, note: Any, send: Any, spans: ExportedSpans
) -> None:
    for number in (1, 2, 3):
        await send(note("a", number, reply_to="asker.replies"))

    await ledger.start()  # they have arrived: one batch

    await eventually(lambda: len(spans.named(PROCESS)) == 3)
    assert edges(spans) == {
        (None, "create ledger.commands"): 3,
        ("create ledger.commands", PROCESS): 3,
        (PROCESS, CREATE_REPLY): 3,
    }
    for span in spans.named(PROCESS):
        assert span.kind is SpanKind.CONSUMER
        assert [link.context.span_id for link in span.links] == [span.parent.span_id]
        assert span.attributes["message.outcome"] == "handled"
        assert span.attributes["messaging.nats.stream"] == "ledger-commands"


async def test_the_trace_context_travels_in_the_reply_as_it_is(
    ledger: Any, note: Any, send: Any, spans: ExportedSpans
) -> None:
    await ledger.start()

    await send(note("a", 1, reply_to="asker.replies"), baggage="tenant=a%2Cb")

    [row] = await eventually(lambda: ledger.rows("SELECT headers FROM outbox"))
    [reply] = spans.named(CREATE_REPLY)
    trace_id, span_id = f"{reply.context.trace_id:032x}", f"{reply.context.span_id:016x}"
    lines = row.headers.decode().splitlines()
    flags = f"{reply.context.trace_flags:02x}"
    assert f"traceparent: 00-{trace_id}-{span_id}-{flags}" in lines
    assert "baggage: tenant=a%2Cb" in lines


async def test_when_a_batch_fails_only_the_message_that_failed_shows_an_error(
    ledger: Any, note: Any, send: Any, spans: ExportedSpans
) -> None:
    ledger.failing = {2: 3}
    for number, account in enumerate("abc", start=1):
        await send(note(account, number, reply_to="asker.replies"))

    await ledger.start()

    await eventually(lambda: len(spans.named(PROCESS)) == 4)
    outcomes = [
        (span.attributes["message.outcome"], span.status.status_code)
        for span in spans.named(PROCESS)
    ]
    assert Counter(outcomes) == {
        ("handled", StatusCode.UNSET): 3,
        ("set-aside", StatusCode.ERROR): 1,
    }
    [failed] = [span for span in spans.named(PROCESS) if not span.status.is_ok]
    assert failed.attributes["error.type"] == "RuntimeError"
    assert len(spans.named(CREATE_REPLY)) == 3
    assert (None, CREATE_REPLY) not in edges(spans)


async def test_a_message_that_waited_is_handled_in_its_trace(
    ledger: Any, note: Any, send: Any, spans: ExportedSpans
) -> None:
    ledger.failing = {1: 3}
    await ledger.start()

    await send(note("a", 1))
    await send(note("a", 2))

    await eventually(lambda: len(spans.named(PROCESS)) == 3)
    assert edges(spans)["create ledger.commands", PROCESS] == 3
    attempts = [span.attributes.get("message.attempt") for span in spans.named(PROCESS)]
    assert attempts == [None, 1, None]


async def test_a_message_that_comes_twice_leaves_one_span(
    ledger: Any, note: Any, send: Any, spans: ExportedSpans
) -> None:
    command = note("a", 1)
    await ledger.start()

    await send(command)
    await send(command, **{"Nats-Msg-Id": "another"})
    await send(note("a", 2))

    await eventually(lambda: _is(ledger.notes(), [1, 2]))
    await eventually(lambda: len(spans.named(PROCESS)) == 2)


async def test_a_message_that_is_redriven_into_its_stream_has_a_trace_of_its_own_with_a_link(
    ledger: Any, note: Any, send: Any, spans: ExportedSpans
) -> None:
    await ledger.start()

    await send(note("a", 1), **{"Nats-Msg-Id": "again"})

    await eventually(lambda: spans.named(PROCESS))
    _check_that_it_is_only_linked(spans)


async def test_a_message_that_comes_after_long_has_a_trace_of_its_own_with_a_link(
    ledger: Any, note: Any, send: Any, spans: ExportedSpans
) -> None:
    await ledger.start()

    await send(note("a", 1, time=datetime.now(UTC) - timedelta(minutes=11)))

    await eventually(lambda: spans.named(PROCESS))
    _check_that_it_is_only_linked(spans)


async def test_a_dead_letter_that_is_redriven_has_a_trace_of_its_own_with_a_link(
    ledger: Any, note: Any, send: Any, spans: ExportedSpans, database: Any
) -> None:
    ledger.failing = {1: 99}
    runtime = await ledger.start()
    await send(note("a", 1))
    await eventually(lambda: ledger.rows("SELECT id FROM dead_letters"))
    given_up = [span.attributes["message.outcome"] for span in spans.named(PROCESS)]
    assert given_up == ["set-aside", "set-aside", "dead-lettered"]
    ledger.failing = {}

    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DATABASE_URL", database.url)
        words = ("dead-letters", "redrive", "--reason", "it is mended", "--no-watch")
        await asyncio.to_thread(CliRunner().invoke, app, words)
    runtime._waiting.nudge()

    await eventually(lambda: _is(ledger.notes(), [1]))
    await eventually(lambda: len(spans.named(PROCESS)) == 4)
    _check_that_it_is_only_linked(spans)


async def test_a_trace_that_is_not_sampled_is_passed_on_and_leaves_no_span(
    ledger: Any, note: Any, send: Any, spans: ExportedSpans
) -> None:
    await ledger.start()
    trace_id = "0af7651916cd43dd8448eb211c80319c"

    await send(
        note("a", 1, reply_to="asker.replies"), traceparent=f"00-{trace_id}-b7ad6b7169203331-00"
    )

    [row] = await eventually(lambda: ledger.rows("SELECT headers FROM outbox"))
    passed_on = f"traceparent: 00-{trace_id}-[0-9a-f]{{16}}-00\r\n"
    assert re.search(passed_on, row.headers.decode())
    assert spans.named(PROCESS) == []


async def test_log_lines_of_a_handler_say_which_message_saga_and_trace_they_are_about(
    ledger: Any, note: Any, send: Any, spans: ExportedSpans
) -> None:
    saga = SagaReference(
        saga_type="Audit", saga_id=uuid4(), step="note", direction=Direction.ACTION
    )
    command = note("a", 1, saga=saga, reply_to="asker.replies")

    async def say(_: Any) -> None:
        structlog.get_logger().info("noting")

    ledger.before = say
    with capture_logs(processors=correlation(traced=True)) as lines:
        await ledger.start()
        await send(command)
        [span] = await eventually(lambda: spans.named(PROCESS))

    [line] = [line for line in lines if line["event"] == "noting"]
    assert line["message_id"] == str(command.message_id)
    assert line["saga_id"] == str(saga.saga_id)
    assert line["trace_id"] == f"{span.context.trace_id:032x}"
    assert line["span_id"] == f"{span.context.span_id:016x}"


async def test_neither_logs_nor_spans_tell_what_a_customer_typed(
    ledger: Any, note: Any, send: Any, spans: ExportedSpans
) -> None:
    """Not even when a statement fails on it, or a body cannot be read."""
    typed = "correct horse battery staple"

    async def fail(_: Any) -> None:
        async with ledger.database.sessions.begin() as session:
            await session.execute(text("SELECT CAST(:typed AS text)::int"), {"typed": typed})

    ledger.before = fail
    unreadable = note("b", 2)
    body = orjson.dumps({"account": "b", "number": typed})
    with capture_logs() as lines:
        await ledger.start()
        await send(note("a", 1))
        await ledger.publish(unreadable, dict(unreadable.headers("asker-service")), body)
        await eventually(lambda: _many(ledger.rows("SELECT id FROM dead_letters"), 2))

    assert {"dead letter", "message set aside"} <= {line["event"] for line in lines}
    assert typed not in str(lines)
    assert typed not in "".join(span.to_json() for span in spans.all)


def _check_that_it_is_only_linked(spans: ExportedSpans) -> None:
    span, [creation] = spans.named(PROCESS)[-1], spans.named("create ledger.commands")
    assert span.parent is None
    assert span.context.trace_id != creation.context.trace_id
    assert [link.context.span_id for link in span.links] == [creation.context.span_id]


async def _is(found: Any, expected: list[int]) -> bool:
    return bool(await found == expected)


async def _many(rows: Any, number: int) -> bool:
    return len(await rows) == number
