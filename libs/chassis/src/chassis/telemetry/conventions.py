"""The names of all spans and attributes, and what they mean.

Names follow OpenTelemetry's semantic conventions v1.44 where these have one; `nats` is no system
that they know, so what is peculiar to JetStream is called `messaging.nats.*`. Requests have a span
of FastAPI's own, called `POST /orders`. Bodies, headers and secrets are in no attribute.
"""

from typing import Final

SCOPE: Final = "chassis"


# Spans


def create_span(destination: str) -> str:
    """PRODUCER, the insert into the outbox. Its context travels with the message."""
    return f"create {destination}"


def publish_span(destination: str) -> str:
    """CLIENT, in the relay, from the publish to its acknowledgement; child of the create."""
    return f"publish {destination}"


def process_span(destination: str) -> str:
    """CONSUMER, from the intake of a message to the commit of what became of it.

    Linked to the create, and its child as well unless the message is redriven or old.
    """
    return f"process {destination}"


def saga_span(saga_type: str) -> str:
    """INTERNAL, the root of the trace of a saga that was started outside any span."""
    return f"saga {saga_type}"


def step_span(saga_type: str, step: str) -> str:
    """INTERNAL, a step in one direction: a local one while it runs, a command from its sending
    until its answer, or the want of one, has moved the saga on.
    """
    return f"saga {saga_type} {step}"


# What kind of messaging, and where

MESSAGING_SYSTEM: Final = "messaging.system"
NATS: Final = "nats"
OPERATION_NAME: Final = "messaging.operation.name"
"""`create`, `publish` or `process`."""
OPERATION_TYPE: Final = "messaging.operation.type"
"""`create`, `send` or `process`."""
DESTINATION: Final = "messaging.destination.name"
"""The channel, such as `customer.commands`."""
CONSUMER_GROUP: Final = "messaging.consumer.group.name"
"""The consumer, which has a durable for each partition."""
BATCH_SIZE: Final = "messaging.batch.message_count"
"""How many messages shared the transaction, or the relay's shipment."""
STREAM: Final = "messaging.nats.stream"
DURABLE: Final = "messaging.nats.consumer"
STREAM_SEQUENCE: Final = "messaging.nats.stream_sequence"
DELIVERY_COUNT: Final = "messaging.nats.delivery_count"
"""How often JetStream has handed the message out; more than once after a crash."""

# The message

MESSAGE_ID: Final = "messaging.message.id"
CONVERSATION_ID: Final = "messaging.message.conversation_id"
"""The saga's id, or the first event's."""
EVENT_TYPE: Final = "cloudevents.event_type"
"""The wire type, such as `customer.ReserveCredit.v1`."""
MESSAGE_OUTCOME: Final = "message.outcome"
"""What became of a message: see `Processed`. Of a publish: `stored`, `duplicate` or `parked`."""
ATTEMPT: Final = "message.attempt"
"""The round of a message that had to wait: 1 after its first failure."""
OUTBOX_DELAY: Final = "outbox.delay_ms"
"""From the insert into the outbox to the publish, in milliseconds."""

# The saga

SAGA_TYPE: Final = "saga.type"
SAGA_ID: Final = "saga.id"
SAGA_SUBJECT: Final = "saga.subject"
"""What the saga is about, such as an order's id: finds the traces of all sagas of an order."""
SAGA_STEP: Final = "saga.step"
SAGA_DIRECTION: Final = "saga.direction"
"""`action` or `compensation`."""
SAGA_ATTEMPT: Final = "saga.attempt"
SAGA_OUTCOME: Final = "saga.outcome"
"""What ended the step: see `StepOutcome`."""

# Errors

ERROR_TYPE: Final = "error.type"
"""The exception's class, a refusal's wire type, `timeout` or `deadline`."""
EXCEPTION_TYPE: Final = "exception.type"
EXCEPTION_STACK: Final = "exception.stacktrace"
"""Frames only: an exception's message may quote what must not be told."""


class Processed:
    """Values of `message.outcome` on a process span; the last two are errors."""

    HANDLED: Final = "handled"
    REFUSED: Final = "refused"
    """Answered with, or carrying, a business "no"; no error."""
    SET_ASIDE: Final = "set-aside"
    """It failed and waits in the database for its next attempt."""
    DEAD_LETTERED: Final = "dead-lettered"


class StepOutcome:
    """Values of `saga.outcome` on a step span.

    All but the first are an error where they turn the saga back or park it, and none where the step
    is tried again.
    """

    SUCCESS: Final = "success"
    REFUSED: Final = "refused"
    TIMED_OUT: Final = "timed-out"
    DEADLINE_PASSED: Final = "deadline-passed"
    INTERVENED: Final = "intervened"
    """An operator or a user decided what becomes of it."""
    GIVEN_UP: Final = "given-up"
    """It was in a parallel group, and another step or the deadline turned the saga back."""
