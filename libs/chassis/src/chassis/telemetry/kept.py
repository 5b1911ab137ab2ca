"""A trace context that is kept with work for later, as text."""

from collections.abc import Iterator
from contextlib import contextmanager

from chassis.telemetry.current import tracing


def kept_trace() -> str | None:
    """What the current span belongs to, where tracing is on and there is one."""
    traced = tracing()
    return None if traced is None else traced.keep()


@contextmanager
def resumed_trace(kept: str | None) -> Iterator[None]:
    """Let what is done in this block belong to a trace that was kept."""
    traced = tracing()
    if traced is None or kept is None:
        yield
    else:
        with traced.resumed(kept):
            yield


@contextmanager
def answering_trace(kept: str | None) -> Iterator[None]:
    """The same for a late answer; what it is given in, such as a webhook's request, is linked."""
    traced = tracing()
    if traced is None or kept is None:
        yield
    else:
        with traced.answering(kept):
            yield
