"""Whether messages of one key came in the order in which they were made."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from chassis.messaging import headers as names
from chassis.messaging.contracts import Kind
from chassis.messaging.topology import kind_of


@dataclass(frozen=True, kw_only=True, slots=True)
class HeardMessage:
    """A message on the wire. ``message_id`` is a UUIDv7, made when the message was made."""

    message_id: UUID
    source: str
    key: str
    conversation: str
    kind: Kind

    @classmethod
    def of(cls, subject: str, headers: Mapping[str, str]) -> Self:
        """Read subject and headers as they came from NATS."""
        return cls(
            message_id=UUID(headers[names.ID]),
            source=headers[names.SOURCE],
            key=headers[names.SUBJECT],
            conversation=headers.get(names.CORRELATION_ID, ""),
            kind=kind_of(subject),
        )

    @property
    def sequence(self) -> tuple[str, ...]:
        """The sequence of messages that this one has a place in.

        Commands to one participant about one key, but from different sagas, are sent by
        transactions that do not wait for each other: between those there is no order to keep.
        """
        if self.kind is Kind.COMMANDS:
            return (self.source, self.kind, self.key, self.conversation)
        return (self.source, self.kind, self.key)


def out_of_order(messages: Iterable[HeardMessage]) -> list[HeardMessage]:
    """Messages that came after one of their sequence that had been made later.

    A message that is heard again counts where it was heard first.
    """
    seen: set[UUID] = set()
    newest: dict[tuple[str, ...], UUID] = {}
    late = []
    for message in messages:
        if message.message_id in seen:
            continue
        seen.add(message.message_id)
        if message.message_id < newest.get(message.sequence, message.message_id):
            late.append(message)
        else:
            newest[message.sequence] = message.message_id
    return late
