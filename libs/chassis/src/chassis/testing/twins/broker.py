"""The twin of the broker: what has been published and who has yet to acknowledge it.

It keeps what JetStream and the consumers keep: at least once, and order within a key. Messages of
different keys overtake each other where a fault says so.
"""

from dataclasses import dataclass
from datetime import datetime

from chassis.consumers.incoming import Incoming
from chassis.messaging.envelope import ReceivedMessage
from chassis.outbox.row import OutboxRow
from chassis.testing.delivery import incoming
from chassis.testing.outbox import read_header_block
from chassis.testing.twins.service import Reader


@dataclass(slots=True, eq=False)
class Delivery:
    """A message that a consumer has not acknowledged.

    `not_before` holds it back for a time, `last` until nothing else can be done at that moment.
    `overtaken` waits for a later message of its key; a `late` copy comes when all is at rest.
    """

    number: int
    reader: Reader
    message: Incoming
    not_before: datetime | None = None
    last: bool = False
    overtaken: bool = False
    late: bool = False
    is_copy: bool = False

    @property
    def received(self) -> ReceivedMessage:
        assert self.message.received is not None, "an outbox holds readable messages"
        return self.message.received

    @property
    def told(self) -> str:
        return self.received.wire_type


class Broker:
    """Deliveries in the order of their publication."""

    def __init__(self) -> None:
        self.pending: list[Delivery] = []
        self._delivered = 0

    def publish(self, row: OutboxRow, readers: list[Reader]) -> list[Delivery]:
        """Let everybody have a message who reads its channel."""
        message = incoming(row.subject, read_header_block(row.headers), row.body)
        found = [self._number(reader, message) for reader in readers if reader.wants(message)]
        self.pending += found
        return found

    def acknowledge(self, delivery: Delivery) -> None:
        self.pending.remove(delivery)
        for earlier in self.pending:
            if earlier.overtaken and _same_key(earlier, delivery):
                earlier.overtaken = False

    def heads(self) -> list[Delivery]:
        """What may be delivered next without breaking the order of any key."""
        blocked: set[tuple[str, str]] = set()
        heads = []
        for delivery in self.pending:
            place = (delivery.reader.consumer.name, delivery.received.key)
            if delivery.is_copy:
                heads.append(delivery)
            elif place not in blocked and not delivery.overtaken:
                blocked.add(place)
                heads.append(delivery)
        return heads

    def _number(self, reader: Reader, message: Incoming) -> Delivery:
        self._delivered += 1
        return Delivery(self._delivered - 1, reader, message)


def _same_key(one: Delivery, other: Delivery) -> bool:
    return one.reader is other.reader and one.received.key == other.received.key
