"""The envelope around a message's body, going out and coming in."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from chassis.ids import new_id
from chassis.messaging import headers as h
from chassis.messaging.contracts import Encodable, Kind, Reply


class Direction(StrEnum):
    """Whether a saga's step is being done or undone."""

    ACTION = "action"
    COMPENSATION = "compensation"


class Outcome(StrEnum):
    """What a reply says of its command."""

    SUCCESS = "success"
    REFUSED = "refused"

    @classmethod
    def of(cls, reply: Reply) -> "Outcome":
        return cls.REFUSED if reply.refused else cls.SUCCESS


class MalformedMessageError(Exception):
    """A message misses a header that nothing can be done without, or one is not readable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SagaReference:
    """Which step of which saga a command or a reply belongs to."""

    saga_type: str
    saga_id: UUID
    step: str
    direction: Direction

    def headers(self) -> Iterator[tuple[str, str]]:
        yield h.SAGA_TYPE, self.saga_type
        yield h.SAGA_ID, str(self.saga_id)
        yield h.SAGA_STEP, self.step
        yield h.SAGA_DIRECTION, self.direction


@dataclass(slots=True, kw_only=True)  # frozen would cost three times as much to make
class OutgoingMessage:
    """A message with everything that its headers say, made at the insert into the outbox.

    `reply_to` names the channel that a command's answer goes to; on a reply it is that channel.
    """

    message: Encodable
    key: str
    message_id: UUID = field(default_factory=new_id)
    time: datetime = field(default_factory=lambda: datetime.now(UTC))
    correlation_id: str | None = None
    causation_id: UUID | None = None
    saga: SagaReference | None = None
    reply_to: str | None = None
    outcome: Outcome | None = None
    deadline: datetime | None = None

    def headers(self, source: str) -> Iterator[tuple[str, str]]:
        """All headers in wire order; `source` is the sending service."""
        message_id = str(self.message_id)
        yield h.NATS_MESSAGE_ID, message_id
        yield h.SPEC_VERSION, "1.0"
        yield h.ID, message_id
        yield h.TYPE, self.message.wire_type
        yield h.SOURCE, source
        yield h.TIME, self.time.isoformat()
        yield h.SUBJECT, self.key
        yield h.CORRELATION_ID, self.correlation_id or message_id
        if self.causation_id is not None:
            yield h.CAUSATION_ID, str(self.causation_id)
        if self.saga is not None:
            yield from self.saga.headers()
        if self.reply_to is not None and self.message.kind is Kind.COMMANDS:
            yield h.REPLY_TO, self.reply_to
        if self.outcome is not None:
            yield h.OUTCOME, self.outcome
        if self.deadline is not None:
            yield h.DEADLINE, self.deadline.isoformat()


@dataclass(slots=True, kw_only=True)  # frozen would cost three times as much to make
class ReceivedMessage:
    """A message as it arrived: its routing headers read, its body not yet."""

    message_id: UUID
    wire_type: str
    source: str
    key: str
    correlation_id: str
    time: datetime
    body: bytes
    headers: Mapping[str, str]
    saga: SagaReference | None
    reply_to: str | None
    outcome: Outcome | None

    @classmethod
    def read(cls, headers: Mapping[str, str] | None, body: bytes) -> "ReceivedMessage":
        """Read the headers of a delivery; raises MalformedMessageError."""
        lowered = ((name.lower(), value) for name, value in (headers or {}).items())
        values = {name: h.decode_value(name, value) for name, value in lowered}
        if "\0" in "".join(values.values()):
            raise MalformedMessageError("a header has a NUL in it, which no database keeps")
        try:
            return cls(
                message_id=UUID(values[h.ID]),
                wire_type=values[h.TYPE],
                source=values[h.SOURCE],
                key=values[h.SUBJECT],
                correlation_id=values.get(h.CORRELATION_ID, values[h.ID]),
                time=datetime.fromisoformat(values[h.TIME]),
                body=body,
                headers=values,
                saga=_saga_reference(values),
                reply_to=values.get(h.REPLY_TO),
                outcome=Outcome(values[h.OUTCOME]) if h.OUTCOME in values else None,
            )
        except KeyError as error:
            raise MalformedMessageError(f"the header {error} is missing") from error
        except ValueError as error:
            raise MalformedMessageError(f"a header is not readable: {error}") from error


def _saga_reference(values: Mapping[str, str]) -> SagaReference | None:
    if h.SAGA_ID not in values:
        return None
    return SagaReference(
        saga_type=values[h.SAGA_TYPE],
        saga_id=UUID(values[h.SAGA_ID]),
        step=values[h.SAGA_STEP],
        direction=Direction(values.get(h.SAGA_DIRECTION, Direction.ACTION)),
    )
