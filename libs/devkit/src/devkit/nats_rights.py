"""Who may do what in NATS: all that there is to try, whose it is, and a user who tries it."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from nats.aio.client import Client
from nats.aio.msg import Msg

from chassis.messaging.inbox import inbox_prefix
from chassis.messaging.permissions import PROVISIONER, platform_users, relay_user_name
from chassis.messaging.topology import Channel, ServiceTopology
from devkit.eventually import eventually

_STREAM_CALLS = (
    *("CREATE", "UPDATE", "DELETE", "PURGE", "INFO", "SNAPSHOT", "RESTORE"),
    *("MSG.GET", "MSG.DELETE", "PEER.REMOVE", "LEADER.STEPDOWN"),
)
_DURABLE_CALLS = (
    *("CREATE", "DURABLE.CREATE", "INFO", "DELETE", "MSG.NEXT", "PAUSE", "RESET", "UNPIN"),
    "LEADER.STEPDOWN",
)
_PROVISIONING = re.compile(
    r"\$JS\.API\.(STREAM\.(CREATE|UPDATE|INFO)\.[^.]+|CONSUMER\.(CREATE|INFO)\.[^.]+\.[^.]+)"
)


@dataclass(frozen=True, slots=True)
class Rights:
    """Subjects that somebody may try on a platform of these services."""

    topologies: tuple[ServiceTopology, ...]

    @property
    def to_publish(self) -> set[str]:
        """Every call of JetStream, on every stream and durable; a message for every channel."""
        elsewhere = {"elsewhere.events.X.0", "$SYS.x"}
        return self._calls() | messages_of(self._channels) | elsewhere

    @property
    def to_hear(self) -> set[str]:
        return {
            *self.to_publish,
            *("_INBOX.>", ">", "*.events.>", "$JS.>", "$JS.EVENT.>", "$SYS.>"),
            *(channel.subjects for channel in self._channels),
            *(f"{inbox_prefix(user.name)}.>" for user in platform_users(self.topologies)),
        }

    def foreign_to(self, user: str) -> tuple[set[str], set[str]]:
        """What it must not publish to, and what it must not hear."""
        return self.to_publish - self._own(user), self.to_hear - self.heard_by(user)

    def heard_by(self, user: str) -> set[str]:
        """What it may subscribe to: answers in its inbox, and channels that its views show."""
        read = [
            channel
            for topology in self.topologies
            for channel in topology.reads
            if topology.service == user
        ]
        wildcards = {channel.subjects for channel in read}
        return {f"{inbox_prefix(user)}.>", *wildcards, *messages_of(read)}

    def _own(self, user: str) -> set[str]:
        if user == PROVISIONER:
            return {subject for subject in self.to_publish if _PROVISIONING.fullmatch(subject)}
        for topology in self.topologies:
            if user == topology.service:
                return own_reading(topology)
            if user == relay_user_name(topology.service):
                return own_sending(topology)
        raise KeyError(f"no service has a user {user!r}")

    @property
    def _channels(self) -> list[Channel]:
        return [stream.channel for topology in self.topologies for stream in topology.streams]

    def _calls(self) -> set[str]:
        streams = [channel.stream for channel in self._channels]
        durables = [place for topology in self.topologies for place in _durables(topology)]
        return {
            *("$JS.API.INFO", "$JS.API.STREAM.NAMES", "$JS.API.STREAM.LIST"),
            *("$JS.API.STREAM.TEMPLATE.CREATE.x", "$JS.API.META.LEADER.STEPDOWN"),
            *(f"$JS.API.STREAM.{call}.{stream}" for call in _STREAM_CALLS for stream in streams),
            *(f"$JS.API.DIRECT.GET.{stream}" for stream in streams),
            *(f"$JS.API.CONSUMER.NAMES.{stream}" for stream in streams),
            *(f"$JS.API.CONSUMER.LIST.{stream}" for stream in streams),
            *(f"$JS.API.CONSUMER.CREATE.{stream}.spy" for stream in streams),
            *(f"$JS.API.CONSUMER.CREATE.{stream}.spy.{stream}.>" for stream in streams),
            *(f"$JS.API.CONSUMER.CREATE.{stream}" for stream in streams),
            *(f"$JS.API.CONSUMER.MSG.NEXT.{stream}.spy" for stream in streams),
            *(f"$JS.API.CONSUMER.{call}.{s}.{d}" for call in _DURABLE_CALLS for s, d in durables),
            *(ack for place in durables for ack in _acknowledgements(*place)),
        }


def own_reading(topology: ServiceTopology) -> set[str]:
    """What a service publishes to read, by durable or by sequence, and to acknowledge."""
    places = _durables(topology)
    return {
        *(f"$JS.API.CONSUMER.INFO.{stream}.{durable}" for stream, durable in places),
        *(f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}" for stream, durable in places),
        *(ack for place in places for ack in _acknowledgements(*place)),
        *(f"$JS.API.DIRECT.GET.{channel.stream}" for channel in topology.reads),
        *(f"$JS.API.STREAM.INFO.{channel.stream}" for channel in topology.reads),
    }


def own_sending(topology: ServiceTopology) -> set[str]:
    """What a service's relay publishes."""
    return messages_of(topology.publishes) | {"$JS.API.STREAM.NAMES"}


def messages_of(channels: Iterable[Channel]) -> set[str]:
    return {f"{channel.name}.{rest}" for channel in channels for rest in ("Something.0", "0")}


def _durables(topology: ServiceTopology) -> list[tuple[str, str]]:
    return [(c.channel.stream, durable) for c in topology.consumers for durable in c.durables]


def _acknowledgements(stream: str, durable: str) -> tuple[str, str]:
    """As servers ask for them now, and as they will: with domain and account."""
    place = f"{stream}.{durable}.1.1.1.1.0"
    return f"$JS.ACK.{place}", f"$JS.ACK._.hash.{place}"


class Visitor:
    """A user at the server, and what it was refused."""

    def __init__(self) -> None:
        self.client = Client()
        self._refused: set[str] = set()

    async def note(self, error: Exception) -> None:
        told = re.search(r'permissions violation for \w+ to "([^"]+)"', str(error).lower())
        if told:
            self._refused.add(told[1])

    async def may_publish(self, subjects: Iterable[str]) -> set[str]:
        """Those of the subjects that the server takes a message for."""
        return await self._granted(set(subjects), self.client.publish)

    async def may_subscribe(self, subjects: Iterable[str]) -> set[str]:
        return await self._granted(
            set(subjects), lambda subject: self.client.subscribe(subject, cb=_ignore)
        )

    async def _granted(
        self, subjects: set[str], attempt: Callable[[str], Awaitable[object]]
    ) -> set[str]:
        self._refused.clear()
        # the last one is refused to everybody, and refusals come in order
        for subject in (*subjects, "nobodys"):
            await attempt(subject)
        await eventually(lambda: "nobodys" in self._refused, within=30)
        return {subject for subject in subjects if subject.lower() not in self._refused}


async def _ignore(_message: Msg) -> None:
    pass


@asynccontextmanager
async def visiting(url: str, user: str) -> AsyncIterator[Visitor]:
    """A visit at the server with this URL, which holds the user's password."""
    visitor = Visitor()
    await visitor.client.connect(url, inbox_prefix=inbox_prefix(user), error_cb=visitor.note)
    try:
        yield visitor
    finally:
        await visitor.client.close()
