"""What a service declares of its messaging: streams it owns, consumers it runs, channels it uses.

The provisioner, and everything else that has to agree with it, is made from these declarations.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from zlib import crc32

from chassis.messaging.contracts import Kind, context_and_name

DEFAULT_PARTITIONS = 4


class TopologyError(ValueError):
    """Declarations contradict each other, or a message has no declared channel."""


@dataclass(frozen=True, slots=True)
class Channel:
    """A way into a context: `customer.commands`, `order.replies`, `order.events`.

    Sender and owner declare it with the same number of partitions.
    """

    context: str
    kind: Kind
    partitions: int = DEFAULT_PARTITIONS

    @property
    def name(self) -> str:
        return f"{self.context}.{self.kind}"

    @property
    def stream(self) -> str:
        """The JetStream stream that stores the channel."""
        return f"{self.context}-{self.kind}"

    @property
    def subjects(self) -> str:
        """The wildcard that covers every subject of the channel."""
        return f"{self.name}.>"

    def partition(self, key: str) -> int:
        """The partition of a key: the same in every process and release."""
        return crc32(key.encode()) % self.partitions

    def subject(self, wire_type: str, key: str) -> str:
        """Where a message of this type and key is published; no entity id is in it."""
        if self.kind is Kind.REPLIES:
            return f"{self.name}.{self.partition(key)}"
        _, name = context_and_name(wire_type)
        return f"{self.name}.{name}.{self.partition(key)}"

    def filter_subjects(self, partition: int, names: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Subjects of one partition: all of it, or only the messages named."""
        if self.kind is Kind.REPLIES:
            return (f"{self.name}.{partition}",)
        return tuple(f"{self.name}.{name}.{partition}" for name in names or ("*",))


def channel_of(subject: str) -> str:
    """The name of the channel that a subject belongs to: its first two tokens."""
    context, _, rest = subject.partition(".")
    return f"{context}.{rest.partition('.')[0]}"


def kind_of(subject: str) -> Kind:
    """The kind of the messages on a subject: its second token."""
    return Kind(subject.split(".", 2)[1])


def commands(context: str, partitions: int = DEFAULT_PARTITIONS) -> Channel:
    return Channel(context, Kind.COMMANDS, partitions)


def events(context: str, partitions: int = DEFAULT_PARTITIONS) -> Channel:
    return Channel(context, Kind.EVENTS, partitions)


def replies(context: str, partitions: int = DEFAULT_PARTITIONS) -> Channel:
    return Channel(context, Kind.REPLIES, partitions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """The stored form of a channel, declared by the service that owns it.

    Events are kept (`limits`) so that a new view can replay them; commands and replies go when
    they are acknowledged (`workqueue`). A full stream refuses, and its senders' outboxes back up.
    """

    channel: Channel
    max_age: timedelta = timedelta(days=7)
    max_bytes: int = 256 * 1024 * 1024
    replicas: int = 1
    duplicate_window: timedelta = timedelta(minutes=2)

    @property
    def name(self) -> str:
        return self.channel.stream

    @property
    def subjects(self) -> tuple[str, ...]:
        return (self.channel.subjects,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumer:
    """A service's reading of a channel: one JetStream durable for each partition.

    `names` restricts it to some messages of an events channel. `max_batch` bounds the messages of
    one transaction; `ack_wait` is how long a killed process's messages stay unseen at the most.
    """

    service: str
    channel: Channel
    names: tuple[str, ...] = ()
    max_batch: int = 250
    ack_wait: timedelta = timedelta(seconds=30)

    @property
    def name(self) -> str:
        """Names the consumer in the inbox, in metrics and in leases."""
        return f"{self.service}:{self.channel.name}"

    @property
    def max_ack_pending(self) -> int:
        """Of one partition: what a slow process may hold while others wait in the stream."""
        return 4 * self.max_batch

    def durable(self, partition: int) -> str:
        return f"{self.service}-{partition}"

    @property
    def durables(self) -> tuple[str, ...]:
        return tuple(self.durable(partition) for partition in range(self.channel.partitions))


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceTopology:
    """Everything that one service declares."""

    service: str
    context: str
    streams: tuple[Stream, ...] = ()
    consumers: tuple[Consumer, ...] = ()
    sends_to: tuple[Channel, ...] = field(default=())
    reads: tuple[Channel, ...] = ()
    """Events channels that views read, by sequence and without a consumer."""

    def __post_init__(self) -> None:
        for channel in self.reads:
            if channel.kind is not Kind.EVENTS:
                raise TopologyError(
                    f"{self.service} reads {channel.name}; views read events, which streams keep"
                )

    @property
    def publishes(self) -> tuple[Channel, ...]:
        """Every channel that this service may publish to: its own events, and what it sends to."""
        own = (stream.channel for stream in self.streams if stream.channel.kind is Kind.EVENTS)
        return tuple(dict.fromkeys((*own, *self.sends_to)))
