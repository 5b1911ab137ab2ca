"""Whether a trace looks as it has to, told from spans."""

from dataclasses import replace

from opentelemetry.trace import SpanKind, StatusCode

from devkit.tracing.expected import ExpectedTrace, Message
from devkit.tracing.span import Span
from devkit.tracing.trace import Trace

EXPECTED = ExpectedTrace(
    saga_type="Greet",
    root="POST /greetings",
    messages=(Message("host", "guest.commands", "guest"),),
    compensated=frozenset({"lay_table"}),
    refused="greet",
)


def span(number: int, parent: int | None, service: str, name: str, **attributes: str) -> Span:
    return Span(
        trace_id="t",
        span_id=str(number),
        parent_id=None if parent is None else str(parent),
        service=service,
        name=name,
        kind=SpanKind.INTERNAL,
        start_ns=number,
        end_ns=number + 1,
        attributes={key.replace("_", "."): value for key, value in attributes.items()},
    )


ROOT = span(0, None, "host", "POST /greetings")
REFUSED = replace(
    span(1, 0, "host", "saga Greet greet", saga_step="greet"), status=StatusCode.ERROR
)
CREATE = span(2, 1, "host", "create guest.commands")
PUBLISH = span(3, 2, "host-relay", "publish guest.commands")
PROCESS = span(4, 2, "guest", "process guest.commands")
UNDONE = span(5, 4, "host", "saga Greet lay", saga_step="lay_table", saga_direction="compensation")
WHOLE = (ROOT, REFUSED, CREATE, PUBLISH, PROCESS, UNDONE)


def faults(*spans: Span) -> list[str]:
    return list(EXPECTED.faults(Trace.of(spans)))


def test_a_trace_that_is_as_it_has_to_be_has_no_faults():
    assert faults(*WHOLE) == []


def test_a_message_without_its_relay_or_its_receiver_is_a_fault():
    (lacks_relay,) = faults(ROOT, REFUSED, CREATE, PROCESS, UNDONE)
    (lacks_receiver,) = faults(ROOT, REFUSED, CREATE, PUBLISH, UNDONE)
    assert "publish guest.commands" in lacks_relay
    assert "process guest.commands" in lacks_receiver


def test_a_compensation_that_is_missing_is_a_fault():
    (found,) = faults(ROOT, REFUSED, CREATE, PUBLISH, PROCESS)
    assert "undone are []" in found


def test_an_error_anywhere_else_is_a_fault():
    (found,) = faults(*WHOLE, replace(PROCESS, span_id="6", status=StatusCode.ERROR))
    assert "errors are at" in found


def test_a_second_root_is_a_fault():
    (found,) = faults(*WHOLE, span(7, None, "guest", "process guest.commands"))
    assert "the roots are" in found
