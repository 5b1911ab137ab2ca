"""Who may do what in NATS: users with the subjects that they need, and nothing else.

Streams and durables are made by the provisioner alone. Whoever may create a consumer can read any
stream, because JetStream does not check a consumer's filter against its maker's permissions. So a
service may only fetch from and acknowledge to the durables that are declared for it, and its relay
may only publish to the declared channels. A view reads whole streams, those that are declared, by
sequence, which cannot change anything. Nobody may delete or purge.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from chassis.messaging.inbox import inbox_prefix
from chassis.messaging.topology import Channel, Consumer, ServiceTopology

PROVISIONER: Final = "provisioner"

STREAM_NAMES: Final = "$JS.API.STREAM.NAMES"
"""By this a relay tells a subject that no stream stores from a stream that is away."""

_PROVISIONING: Final = (
    "$JS.API.STREAM.CREATE.*",
    "$JS.API.STREAM.UPDATE.*",
    "$JS.API.STREAM.INFO.*",
    "$JS.API.CONSUMER.CREATE.*.*",
    "$JS.API.CONSUMER.INFO.*.*",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NatsUser:
    """A user of the platform's NATS account: what it may publish and subscribe to.

    What is not listed is denied. Everybody hears the answers in the own inbox, and nobody else's.
    """

    name: str
    publish: tuple[str, ...]
    listens: tuple[str, ...] = ()

    @property
    def subscribe(self) -> tuple[str, ...]:
        return (f"{inbox_prefix(self.name)}.>", *self.listens)

    def permissions(self) -> dict[str, Any]:
        """As NATS's configuration has them; there, an empty list of subjects would allow all."""
        publish = {"allow": list(self.publish)} if self.publish else {"deny": [">"]}
        return {"publish": publish, "subscribe": {"allow": list(self.subscribe)}}


def relay_user_name(service: str) -> str:
    return f"{service}-relay"


def service_user(topology: ServiceTopology) -> NatsUser:
    """The user of a service's own process: reads its durables, and sends nothing.

    What its views read, it also listens to: only to know when to look into the stream.
    """
    subjects = (
        subject
        for consumer in topology.consumers
        for durable in consumer.durables
        for subject in _reading(consumer, durable)
    )
    direct = (subject for channel in topology.reads for subject in _reading_directly(channel))
    return NatsUser(
        name=topology.service,
        publish=(*subjects, *direct),
        listens=tuple(channel.subjects for channel in topology.reads),
    )


def relay_user(topology: ServiceTopology) -> NatsUser:
    """The user of a service's relay: sends on the declared channels, and reads nothing."""
    channels = (channel.subjects for channel in topology.publishes)
    return NatsUser(name=relay_user_name(topology.service), publish=(*channels, STREAM_NAMES))


def provisioner_user() -> NatsUser:
    """The user that makes and updates streams and durables."""
    return NatsUser(name=PROVISIONER, publish=_PROVISIONING)


def platform_users(topologies: Iterable[ServiceTopology]) -> tuple[NatsUser, ...]:
    """Every user: each service's own, its relay's where it publishes, and one provisioner."""
    users = (user for topology in topologies for user in _users_of(topology))
    return (*users, provisioner_user())


def _users_of(topology: ServiceTopology) -> Iterator[NatsUser]:
    yield service_user(topology)
    if topology.publishes:
        yield relay_user(topology)


def _reading_directly(channel: Channel) -> Iterator[str]:
    yield f"$JS.API.DIRECT.GET.{channel.stream}"
    yield f"$JS.API.STREAM.INFO.{channel.stream}"


def _reading(consumer: Consumer, durable: str) -> Iterator[str]:
    place = f"{consumer.channel.stream}.{durable}"
    yield f"$JS.API.CONSUMER.INFO.{place}"
    yield f"$JS.API.CONSUMER.MSG.NEXT.{place}"
    yield f"$JS.ACK.{place}.>"
    # how servers with js_ack_fc_v2 say it: domain and account hash come first
    yield f"$JS.ACK.*.*.{place}.>"
