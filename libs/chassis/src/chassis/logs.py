"""Structured logs: one JSON object a line, on standard output.

A line says which message it is about and which saga, and within a span which trace. What libraries
log by the standard library's `logging` has the same form.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from chassis.messaging.envelope import ReceivedMessage

_message: ContextVar[ReceivedMessage | None] = ContextVar("message", default=None)


def configure_logs(service: str, level: str, *, traced: bool = False) -> None:
    """Log events of `level` and above, each with the service's name."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        *correlation(traced=traced),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stdout),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    _configure_standard_library([structlog.stdlib.add_logger_name, *shared])


def correlation(*, traced: bool) -> tuple[Processor, ...]:
    """What gives lines their `message_id` and `saga_id`, `trace_id` and `span_id`."""
    return (_add_message, _add_span) if traced else (_add_message,)


@contextmanager
def about_message(message: ReceivedMessage | None) -> Iterator[None]:
    """Let log lines of this block carry the ids of a message, and of its saga."""
    token = _message.set(message)
    try:
        yield
    finally:
        _message.reset(token)


def _configure_standard_library(processors: list[Processor]) -> None:
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=processors,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(),
        ],
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter)
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


def _add_message(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    message = _message.get()
    if message is not None:
        event.setdefault("message_id", str(message.message_id))
        if message.saga is not None:
            event.setdefault("saga_id", str(message.saga.saga_id))
    return event


def _add_span(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    from opentelemetry.trace import get_current_span  # noqa: PLC0415 - only where tracing is on

    span: Any = get_current_span().get_span_context()
    if span.is_valid:
        event["trace_id"] = f"{span.trace_id:032x}"
        event["span_id"] = f"{span.span_id:016x}"
    return event
