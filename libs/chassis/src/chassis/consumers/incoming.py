"""A message as JetStream delivered it."""

from dataclasses import dataclass
from uuid import UUID, uuid5

from nats.aio.msg import Msg

from chassis.messaging.delivery import place_of
from chassis.messaging.envelope import MalformedMessageError, ReceivedMessage

_DELIVERIES = UUID("6f0d3f0e-6c1c-5b8e-9d0a-0d8f4a6f1c11")


@dataclass(frozen=True, slots=True)
class Incoming:
    """A delivery: the message, or why it cannot be read, and how to acknowledge it."""

    subject: str
    reply: str
    stream_sequence: int
    inbox_id: UUID
    received: ReceivedMessage | None
    malformed: str | None
    raw_headers: dict[str, str]
    body: bytes

    @property
    def key(self) -> str | None:
        return self.received.key if self.received else None

    @classmethod
    def of(cls, message: Msg) -> "Incoming":
        """Read a delivery. What has no readable id gets one from its place in the stream, so that
        its redelivery is recognised as well.
        """
        place = place_of(message.reply)
        assert place is not None, "JetStream delivers with an acknowledgement subject"
        received, malformed = _read(message)
        return cls(
            subject=message.subject,
            reply=message.reply,
            stream_sequence=place.sequence,
            inbox_id=received.message_id
            if received
            else uuid5(_DELIVERIES, f"{place.stream}/{place.sequence}"),
            received=received,
            malformed=malformed,
            raw_headers=dict(message.headers or {}),
            body=message.data,
        )


def _read(message: Msg) -> tuple[ReceivedMessage | None, str | None]:
    try:
        return ReceivedMessage.read(message.headers, message.data), None
    except MalformedMessageError as error:
        return None, str(error)
