"""Spans of an attempt that may be repeated: they are kept back until it has succeeded.

A batch that fails is rolled back and tried again, message by message. What the failed attempt did
never happened, so no span may tell of it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from chassis.telemetry.current import tracing

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan


class Attempt:
    """The spans that have ended in an attempt so far; None once it is over."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] | None = []


_attempt: ContextVar[Attempt | None] = ContextVar("attempt", default=None)


def keep_back(span: "ReadableSpan") -> bool:
    """Whether the span is the attempt's that is under way, if any."""
    attempt = _attempt.get()
    if attempt is None or attempt.spans is None:
        return False
    attempt.spans.append(span)
    return True


@contextmanager
def attempt() -> Iterator[None]:
    """Let the spans that end in this block be exported after it, or dropped if it raises."""
    traced = tracing()
    if traced is None:
        yield
        return
    held = Attempt()
    token = _attempt.set(held)
    try:
        yield
    except BaseException:
        held.spans = None
        raise
    finally:
        _attempt.reset(token)
    spans, held.spans = held.spans or (), None
    for span in spans:
        traced.export(span)
