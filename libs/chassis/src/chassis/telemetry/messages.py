"""Spans of messages: where they are made and where they are processed."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from opentelemetry import context as context_api
from opentelemetry.context import Context
from opentelemetry.trace import (
    INVALID_SPAN,
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    set_span_in_context,
)
from opentelemetry.util.types import AttributeValue

from chassis.messaging.delivery import place_of
from chassis.messaging.envelope import OutgoingMessage, ReceivedMessage
from chassis.messaging.headers import NATS_MESSAGE_ID
from chassis.messaging.topology import channel_of
from chassis.telemetry import conventions as c
from chassis.telemetry.live import LiveSpan
from chassis.telemetry.propagation import carrier_of, context_of, within
from chassis.telemetry.recorder import Recorded, Recorder, parent_of

_LINKED = context_api.create_key("chassis.linked")


class MessageSpan:
    """The span of one message that is being processed; `outcome` is one of `Processed`."""

    def __init__(self, span: Span, surroundings: Context) -> None:
        self._span = span
        self.context = set_span_in_context(span, surroundings)
        self.outcome: str = c.Processed.HANDLED

    @contextmanager
    def current(self) -> Iterator[None]:
        """What is done in this block, and what it publishes, belongs to the message."""
        token = context_api.attach(self.context)
        try:
            yield
        finally:
            context_api.detach(token)

    def refused(self) -> None:
        """A business "no" is no error."""
        self.outcome = c.Processed.REFUSED

    def end(self) -> None:
        """Once the transaction is committed; a span that is not ended is not exported."""
        self._span.set_attribute(c.MESSAGE_OUTCOME, self.outcome)
        self._span.end()

    def fail(self, outcome: str, failure: BaseException | None = None) -> None:
        """Once it is committed that the message waits or is given up."""
        self.outcome = outcome
        told = outcome
        if failure is not None:
            self._span.record_exception(failure)
            told = type(failure).__qualname__
        self._span.set_attribute(c.ERROR_TYPE, told)
        self._span.set_status(Status(StatusCode.ERROR, outcome))
        self.end()


class MessageSpans:
    """Makes the spans of messages.

    A message that is older than `link_after` is processed in a trace of its own, with a link.
    """

    def __init__(self, recorder: Recorder, link_after: timedelta) -> None:
        self._recorder = recorder
        self._link_after = link_after

    def create(self, outgoing: OutgoingMessage, destination: str) -> dict[str, str]:
        """Record that a message is written into the outbox; the headers that carry its context."""
        context = context_api.get_current()
        name, now = c.create_span(destination), time.time_ns()
        parent = parent_of(context)
        span = self._recorder.new_context(name, SpanKind.PRODUCER, context, parent)
        if span.trace_flags.sampled:
            self._recorder.record(
                Recorded(
                    name=name,
                    kind=SpanKind.PRODUCER,
                    context=span,
                    parent=parent,
                    attributes=_created(outgoing, destination),
                    start=now,
                    end=now,
                    links=_links_of(context),
                )
            )
        return carrier_of(within(span, context))

    def process(
        self,
        received: ReceivedMessage,
        *,
        consumer: str,
        subject: str,
        reply: str = "",
        batch: int = 1,
        attempt: int = 0,
        again: bool = False,
        start: int | None = None,
    ) -> MessageSpan:
        """Begin a message's span: the child of its creation, or for itself; always linked.

        `reply` is JetStream's acknowledgement subject; `attempt` counts the failures so far.
        `again`: somebody had it handled once more, such as by a redrive, a replay or a rebuild.
        """
        origin = context_of(received.headers)
        creation = parent_of(origin)
        alone = again or self._is_late(received)
        surroundings = set_span_in_context(INVALID_SPAN, origin) if alone else origin
        parent = None if alone else creation
        destination = channel_of(subject)
        name = c.process_span(destination)
        context = self._recorder.new_context(name, SpanKind.CONSUMER, surroundings, parent)
        if not context.trace_flags.sampled:
            return MessageSpan(NonRecordingSpan(context), surroundings)
        span = LiveSpan(
            self._recorder,
            name,
            SpanKind.CONSUMER,
            context=context,
            parent=parent,
            attributes={
                **_of_processing(destination, consumer, batch, attempt),
                **_of_message(received),
                **_of_delivery(reply),
            },
            links=(Link(creation),) if creation else (),
            start=start,
        )
        return MessageSpan(span, surroundings)

    def _is_late(self, received: ReceivedMessage) -> bool:
        message_id = str(received.message_id)
        if received.headers.get(NATS_MESSAGE_ID.lower(), message_id) != message_id:
            return True  # redriven into the stream
        return datetime.now(UTC) - received.time > self._link_after


def linked_to(span: SpanContext, context: Context) -> Context:
    """The context, with what is created in it linked to a span of another trace."""
    return context_api.set_value(_LINKED, span, context) if span.is_valid else context


def _links_of(context: Context) -> tuple[Link, ...]:
    span = context_api.get_value(_LINKED, context)
    return (Link(span),) if isinstance(span, SpanContext) else ()


def _created(outgoing: OutgoingMessage, destination: str) -> dict[str, AttributeValue]:
    message_id = str(outgoing.message_id)
    return {
        c.MESSAGING_SYSTEM: c.NATS,
        c.OPERATION_NAME: "create",
        c.OPERATION_TYPE: "create",
        c.DESTINATION: destination,
        c.MESSAGE_ID: message_id,
        c.CONVERSATION_ID: outgoing.correlation_id or message_id,
        c.EVENT_TYPE: outgoing.message.wire_type,
    }


def _of_processing(
    destination: str, consumer: str, batch: int, attempt: int
) -> dict[str, AttributeValue]:
    attributes: dict[str, AttributeValue] = {
        c.MESSAGING_SYSTEM: c.NATS,
        c.OPERATION_NAME: "process",
        c.OPERATION_TYPE: "process",
        c.DESTINATION: destination,
        c.CONSUMER_GROUP: consumer,
        c.BATCH_SIZE: batch,
    }
    return attributes | {c.ATTEMPT: attempt} if attempt else attributes


def _of_message(received: ReceivedMessage) -> dict[str, AttributeValue]:
    attributes: dict[str, AttributeValue] = {
        c.MESSAGE_ID: str(received.message_id),
        c.CONVERSATION_ID: received.correlation_id,
        c.EVENT_TYPE: received.wire_type,
    }
    if (saga := received.saga) is not None:
        attributes[c.SAGA_TYPE] = saga.saga_type
        attributes[c.SAGA_ID] = str(saga.saga_id)
        attributes[c.SAGA_STEP] = saga.step
        attributes[c.SAGA_DIRECTION] = saga.direction.value
    return attributes


def _of_delivery(reply: str) -> dict[str, AttributeValue]:
    place = place_of(reply)
    if place is None:
        return {}
    return {
        c.STREAM: place.stream,
        c.DURABLE: place.durable,
        c.DELIVERY_COUNT: place.deliveries,
        c.STREAM_SEQUENCE: place.sequence,
    }
