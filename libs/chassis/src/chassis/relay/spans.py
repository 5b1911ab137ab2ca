"""A span for each message that the relay publishes, in the trace of the transaction that made it.

One for each and not one for a shipment: a shipment carries the messages of hundreds of sagas, and
in each of their traces the hop would be missing. A message whose trace is not sampled costs a look
at one byte. The stored headers are searched for two lines, never decoded, and sent as they are.
"""

import time
from collections.abc import Iterable, Sequence
from typing import Final

from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from chassis.relay.publishing.outcome import Outcome
from chassis.relay.rows import ClaimedRow, Refusal
from chassis.telemetry import conventions as c
from chassis.telemetry.recorder import Attributes, Recorded, Recorder

_TRACE_PARENT: Final = b"\r\ntraceparent: 00-"
_MESSAGE_ID: Final = b"\r\nNats-Msg-Id: "
_TRACE_ID_LENGTH: Final = 32
_SPAN_ID_AT: Final = 33
_FLAGS_AT: Final = 50
_UUID_LENGTH: Final = 36


def creation_context(headers: bytes) -> SpanContext | None:
    """The sampled context that a header block carries, if it does."""
    at = headers.find(_TRACE_PARENT)
    if at < 0:
        return None
    at += len(_TRACE_PARENT)
    try:
        flags = int(headers[at + _FLAGS_AT : at + _FLAGS_AT + 2], 16)
        if not flags & TraceFlags.SAMPLED:
            return None
        trace_id = int(headers[at : at + _TRACE_ID_LENGTH], 16)
        span_id = int(headers[at + _SPAN_ID_AT : at + _FLAGS_AT - 1], 16)
    except ValueError:
        return None
    context = SpanContext(trace_id, span_id, True, TraceFlags(flags))
    return context if context.is_valid else None


class PublishSpans:
    """Records spans of rows whose fate is known."""

    def __init__(self, provider: TracerProvider, processor: SpanProcessor) -> None:
        self._recorder = Recorder(provider, processor)

    def published(self, outcome: Outcome, began: int) -> None:
        """Rows that are in their streams since now; `began` is nanoseconds since 1970."""
        size = len(outcome.stored) + len(outcome.duplicates)
        self._record(outcome.stored, began, "stored", {c.BATCH_SIZE: size})
        self._record(outcome.duplicates, began, "duplicate", {c.BATCH_SIZE: size})

    def parked(self, refusals: Iterable[Refusal]) -> None:
        """Rows that JetStream will not take, now that they were tried often enough."""
        now = time.time_ns()
        for refusal in refusals:
            failed = Status(StatusCode.ERROR, refusal.error)
            self._record([refusal.row], now, "parked", {c.ERROR_TYPE: "refused"}, failed)

    def _record(
        self,
        rows: Sequence[ClaimedRow],
        began: int,
        outcome: str,
        more: Attributes,
        status: Status = Status(),  # noqa: B008 - immutable
    ) -> None:
        ended = time.time_ns()
        for row in rows:
            creation = creation_context(row.headers)
            if creation is not None:
                attributes = {**_attributes(row, began), c.MESSAGE_OUTCOME: outcome, **more}
                self._recorder.record(
                    Recorded(
                        name=c.publish_span(row.channel),
                        kind=SpanKind.CLIENT,
                        context=self._recorder.child_of(creation),
                        parent=creation,
                        attributes=attributes,
                        links=(Link(creation),),
                        start=began,
                        end=ended,
                        status=status,
                    )
                )


def _attributes(row: ClaimedRow, began: int) -> Attributes:
    at = row.headers.find(_MESSAGE_ID) + len(_MESSAGE_ID)
    return {
        c.MESSAGING_SYSTEM: c.NATS,
        c.OPERATION_NAME: "publish",
        c.OPERATION_TYPE: "send",
        c.DESTINATION: row.channel,
        c.MESSAGE_ID: row.headers[at : at + _UUID_LENGTH].decode("ascii", "replace"),
        c.OUTBOX_DELAY: max(round(began / 1e6 - row.created_at * 1e3, 1), 0.0),
    }
