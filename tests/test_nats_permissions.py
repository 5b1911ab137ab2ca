"""Who may do what in NATS: every user against everything that there is, on the real server."""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from re import search

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from chassis.messaging.description import topology_of
from chassis.messaging.inbox import inbox_prefix
from chassis.messaging.permissions import PROVISIONER, platform_users, relay_user_name, service_user
from chassis.messaging.provisioner import provision
from chassis.messaging.topology import Channel, ServiceTopology
from devkit.embedded.nats import NatsServer
from devkit.embedded.nats_accounts import OBSERVER, SYSTEM_USER, NatsAccounts
from devkit.eventually import eventually
from devkit.platform import SERVICES
from devkit.ports import LOOPBACK

TOPOLOGIES = tuple(topology_of(name.replace("-", "_")) for name in SERVICES)
USERS = tuple(user.name for user in platform_users(TOPOLOGIES))
MUTE = service_user(ServiceTopology(service="mute-service", context="mute"))
CHANNELS = tuple(stream.channel for topology in TOPOLOGIES for stream in topology.streams)
DURABLES = tuple(
    (consumer.channel.stream, durable)
    for topology in TOPOLOGIES
    for consumer in topology.consumers
    for durable in consumer.durables
)

STREAM_CALLS = (
    *("CREATE", "UPDATE", "DELETE", "PURGE", "INFO", "SNAPSHOT", "RESTORE"),
    *("MSG.GET", "MSG.DELETE", "PEER.REMOVE", "LEADER.STEPDOWN"),
)
DURABLE_CALLS = (
    *("CREATE", "DURABLE.CREATE", "INFO", "DELETE", "MSG.NEXT", "PAUSE", "RESET", "UNPIN"),
    "LEADER.STEPDOWN",
)


@pytest.fixture(scope="module")
def server() -> Iterator[NatsServer]:
    accounts = NatsAccounts((*platform_users(TOPOLOGIES), OBSERVER, MUTE))
    with (
        tempfile.TemporaryDirectory(prefix="devkit-") as folder,
        NatsServer(Path(folder), accounts=accounts) as server,
    ):
        yield server


class Visitor:
    """A user at the server, and what it was refused."""

    def __init__(self) -> None:
        self.client = Client()
        self._refused: set[str] = set()

    async def note(self, error: Exception) -> None:
        if refused := search(r'permissions violation for \w+ to "([^"]+)"', str(error).lower()):
            self._refused.add(refused[1])

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
        # the last one is refused to everybody, and refusals come in order
        for subject in (*subjects, "nobodys"):
            await attempt(subject)
        await eventually(lambda: "nobodys" in self._refused, within=30)
        return {subject for subject in subjects if subject.lower() not in self._refused}


async def _ignore(_message: Msg) -> None:
    pass


@asynccontextmanager
async def visiting(server: NatsServer, user: str) -> AsyncIterator[Visitor]:
    visitor = Visitor()
    await visitor.client.connect(
        server.url_of(user), inbox_prefix=inbox_prefix(user), error_cb=visitor.note
    )
    try:
        yield visitor
    finally:
        await visitor.client.close()


def messages_of(channels: Iterable[Channel]) -> set[str]:
    return {f"{channel.name}.{rest}" for channel in channels for rest in ("Something.0", "0")}


def everything_in_jetstream() -> set[str]:
    streams = [channel.stream for channel in CHANNELS]
    return {
        *("$JS.API.INFO", "$JS.API.STREAM.NAMES", "$JS.API.STREAM.LIST"),
        *("$JS.API.STREAM.TEMPLATE.CREATE.x", "$JS.API.META.LEADER.STEPDOWN"),
        *(f"$JS.API.STREAM.{call}.{stream}" for call in STREAM_CALLS for stream in streams),
        *(f"$JS.API.DIRECT.GET.{stream}" for stream in streams),
        *(f"$JS.API.CONSUMER.NAMES.{stream}" for stream in streams),
        *(f"$JS.API.CONSUMER.LIST.{stream}" for stream in streams),
        *(f"$JS.API.CONSUMER.CREATE.{stream}.spy" for stream in streams),
        *(f"$JS.API.CONSUMER.CREATE.{stream}.spy.{stream}.>" for stream in streams),
        *(f"$JS.API.CONSUMER.CREATE.{stream}" for stream in streams),
        *(f"$JS.API.CONSUMER.MSG.NEXT.{stream}.spy" for stream in streams),
        *(f"$JS.API.CONSUMER.{call}.{s}.{d}" for call in DURABLE_CALLS for s, d in DURABLES),
        *(ack for place in DURABLES for ack in acknowledgements(*place)),
    }


def acknowledgements(stream: str, durable: str) -> tuple[str, str]:
    """As servers ask for them now, and as they will: with domain and account."""
    place = f"{stream}.{durable}.1.1.1.1.0"
    return f"$JS.ACK.{place}", f"$JS.ACK._.hash.{place}"


EVERYTHING = everything_in_jetstream() | messages_of(CHANNELS) | {"elsewhere.events.X.0", "$SYS.x"}
HEARD = {
    *EVERYTHING,
    *("_INBOX.>", ">", "*.events.>", "$JS.>", "$JS.EVENT.>", "$SYS.>"),
    *(channel.subjects for channel in CHANNELS),
    *(f"{inbox_prefix(user)}.>" for user in USERS),
}


def own_reading(topology: ServiceTopology) -> set[str]:
    places = [(c.channel.stream, d) for c in topology.consumers for d in c.durables]
    return {
        *(f"$JS.API.CONSUMER.INFO.{stream}.{durable}" for stream, durable in places),
        *(f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}" for stream, durable in places),
        *(ack for place in places for ack in acknowledgements(*place)),
    }


@pytest.mark.parametrize("topology", TOPOLOGIES, ids=lambda topology: topology.service)
async def test_a_service_reads_its_own_durables_and_does_nothing_else(
    server: NatsServer, topology: ServiceTopology
):
    async with visiting(server, topology.service) as visitor:
        assert await visitor.may_publish(EVERYTHING) == own_reading(topology)


@pytest.mark.parametrize("topology", TOPOLOGIES, ids=lambda topology: topology.service)
async def test_a_relay_sends_on_the_declared_channels_and_does_nothing_else(
    server: NatsServer, topology: ServiceTopology
):
    async with visiting(server, relay_user_name(topology.service)) as visitor:
        sent = messages_of(topology.publishes)
        assert await visitor.may_publish(EVERYTHING) == sent | {"$JS.API.STREAM.NAMES"}


async def test_the_provisioner_makes_streams_and_durables_and_deletes_nothing(server: NatsServer):
    async with visiting(server, PROVISIONER) as visitor:
        granted = await visitor.may_publish(EVERYTHING)

    calls = {subject.removeprefix("$JS.API.").rsplit(".", 1)[0] for subject in granted}
    assert {".".join(call.split(".")[:2]) for call in calls} == {
        *("STREAM.CREATE", "STREAM.UPDATE", "STREAM.INFO"),
        *("CONSUMER.CREATE", "CONSUMER.INFO"),
    }


async def test_a_service_that_reads_nothing_may_not_do_everything_instead(server: NatsServer):
    async with visiting(server, MUTE.name) as visitor:
        assert await visitor.may_publish(EVERYTHING) == set()


@pytest.mark.parametrize("user", USERS)
async def test_everybody_hears_only_the_answers_to_its_own_questions(server: NatsServer, user: str):
    async with visiting(server, user) as visitor:
        assert await visitor.may_subscribe(HEARD) == {f"{inbox_prefix(user)}.>"}


@pytest.mark.parametrize("login", [{}, {"user": USERS[0], "pass": "guessed"}], ids=["none", "bad"])
async def test_nobody_enters_without_a_user_or_with_a_wrong_password(
    server: NatsServer, login: dict[str, str]
):
    reader, writer = await asyncio.open_connection(LOOPBACK, server.port)
    writer.write(f"CONNECT {json.dumps(login)}\r\nPING\r\n".encode())
    answer = await reader.read()
    writer.close()

    assert b"-ERR 'Authorization Violation'" in answer
    assert b"PONG" not in answer


async def test_who_watches_the_server_sees_nothing_of_the_platform(server: NatsServer):
    async with visiting(server, SYSTEM_USER) as watcher, visiting(server, OBSERVER.name) as hearer:
        seen: list[str] = []
        heard: list[str] = []
        await watcher.client.subscribe("*.events.>", cb=_noting(seen))
        await hearer.client.subscribe("*.events.>", cb=_noting(heard))
        await watcher.client.flush()
        await hearer.client.flush()
        async with visiting(server, relay_user_name("order-service")) as relay:
            await relay.client.publish("order.events.Something.0", b"")
            await relay.client.flush()
        await watcher.client.flush()
        await hearer.client.flush()

        assert heard == ["order.events.Something.0"]
        assert seen == []


def _noting(subjects: list[str]):
    async def note(message: Msg) -> None:
        subjects.append(message.subject)

    return note


async def test_the_provisioner_can_do_its_work_twice(server: NatsServer):
    async with visiting(server, PROVISIONER) as visitor:
        jetstream = visitor.client.jetstream()
        first = await provision(jetstream, TOPOLOGIES)
        again = await provision(jetstream, TOPOLOGIES)

    assert {action.verb for action in first} == {"create"}
    assert {action.verb for action in again} == {"keep"}
