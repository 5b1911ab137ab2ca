"""The spans of the messages of one consumer; nothing at all where tracing is off."""

from typing import TYPE_CHECKING

from chassis.consumers.deferral import DeferredMessage, Reason
from chassis.consumers.incoming import Incoming
from chassis.messaging.envelope import ReceivedMessage
from chassis.telemetry.current import tracing

if TYPE_CHECKING:
    from chassis.telemetry.messages import MessageSpan


class ConsumerSpans:
    """Begins spans; whoever has committed what became of a message ends its span."""

    def __init__(self, consumer: str) -> None:
        self._consumer = consumer

    def begin(
        self, message: Incoming, *, batch: int = 1, start: int | None = None
    ) -> "MessageSpan | None":
        """The span of a message from the stream; `start` is nanoseconds since 1970, or now."""
        traced = tracing()
        if traced is None or message.received is None:
            return None
        return traced.messages.process(
            message.received,
            consumer=self._consumer,
            subject=message.subject,
            reply=message.reply,
            batch=batch,
            start=start,
        )

    def resume(
        self, head: DeferredMessage, received: ReceivedMessage, *, start: int | None = None
    ) -> "MessageSpan | None":
        """The span of a message that has waited."""
        traced = tracing()
        if traced is None:
            return None
        return traced.messages.process(
            received,
            consumer=self._consumer,
            subject=head.subject,
            attempt=head.attempts,
            again=head.reason is Reason.REDRIVEN,
            start=start,
        )
