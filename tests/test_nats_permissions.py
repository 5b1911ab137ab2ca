"""Who may do what in NATS: every user against everything that there is, on the real server."""

import asyncio
import json
import tempfile
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from nats.aio.msg import Msg

from chassis.messaging.permissions import PROVISIONER, platform_users, relay_user_name, service_user
from chassis.messaging.provisioner import provision
from chassis.messaging.topology import ServiceTopology
from devkit.deployables import topologies, with_relay
from devkit.embedded.nats import NatsServer
from devkit.embedded.nats_accounts import OBSERVER, SYSTEM_USER, NatsAccounts
from devkit.nats_rights import Rights, Visitor, own_reading, own_sending, visiting
from devkit.ports import LOOPBACK

TOPOLOGIES = topologies()
RELAYED = tuple(one.topology for one in with_relay())
USERS = tuple(user.name for user in platform_users(TOPOLOGIES))
MUTE = service_user(ServiceTopology(service="mute-service", context="mute"))
RIGHTS = Rights(TOPOLOGIES)


@pytest.fixture(scope="module")
def server() -> Iterator[NatsServer]:
    accounts = NatsAccounts((*platform_users(TOPOLOGIES), OBSERVER, MUTE))
    with (
        tempfile.TemporaryDirectory(prefix="devkit-") as folder,
        NatsServer(Path(folder), accounts=accounts) as server,
    ):
        yield server


def visiting_as(server: NatsServer, user: str) -> AbstractAsyncContextManager[Visitor]:
    return visiting(server.url_of(user), user)


@pytest.mark.parametrize("topology", TOPOLOGIES, ids=lambda topology: topology.service)
async def test_a_service_reads_its_own_durables_and_does_nothing_else(
    server: NatsServer, topology: ServiceTopology
):
    async with visiting_as(server, topology.service) as visitor:
        assert await visitor.may_publish(RIGHTS.to_publish) == own_reading(topology)


@pytest.mark.parametrize("topology", RELAYED, ids=lambda topology: topology.service)
async def test_a_relay_sends_on_the_declared_channels_and_does_nothing_else(
    server: NatsServer, topology: ServiceTopology
):
    async with visiting_as(server, relay_user_name(topology.service)) as visitor:
        assert await visitor.may_publish(RIGHTS.to_publish) == own_sending(topology)


async def test_the_provisioner_makes_streams_and_durables_and_deletes_nothing(server: NatsServer):
    async with visiting_as(server, PROVISIONER) as visitor:
        granted = await visitor.may_publish(RIGHTS.to_publish)

    calls = {subject.removeprefix("$JS.API.").rsplit(".", 1)[0] for subject in granted}
    assert {".".join(call.split(".")[:2]) for call in calls} == {
        *("STREAM.CREATE", "STREAM.UPDATE", "STREAM.INFO"),
        *("CONSUMER.CREATE", "CONSUMER.INFO"),
    }


async def test_a_service_that_reads_nothing_may_not_do_everything_instead(server: NatsServer):
    async with visiting_as(server, MUTE.name) as visitor:
        assert await visitor.may_publish(RIGHTS.to_publish) == set()


@pytest.mark.parametrize("user", USERS)
async def test_what_is_foreign_to_a_user_is_all_that_it_is_refused(server: NatsServer, user: str):
    to_publish, to_hear = RIGHTS.foreign_to(user)
    async with visiting_as(server, user) as visitor:
        own = await visitor.may_publish(RIGHTS.to_publish)
        heard = await visitor.may_subscribe(RIGHTS.to_hear)
    assert (own, heard) == (RIGHTS.to_publish - to_publish, RIGHTS.to_hear - to_hear)


@pytest.mark.parametrize("user", USERS)
async def test_everybody_hears_only_answers_to_its_own_questions_and_what_its_views_show(
    server: NatsServer, user: str
):
    async with visiting_as(server, user) as visitor:
        assert await visitor.may_subscribe(RIGHTS.to_hear) == RIGHTS.heard_by(user)


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
    async with (
        visiting_as(server, SYSTEM_USER) as watcher,
        visiting_as(server, OBSERVER.name) as hearer,
    ):
        seen: list[str] = []
        heard: list[str] = []
        await watcher.client.subscribe("*.events.>", cb=_noting(seen))
        await hearer.client.subscribe("*.events.>", cb=_noting(heard))
        await watcher.client.flush()
        await hearer.client.flush()
        async with visiting_as(server, relay_user_name("order-service")) as relay:
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
    async with visiting_as(server, PROVISIONER) as visitor:
        jetstream = visitor.client.jetstream()
        first = await provision(jetstream, TOPOLOGIES)
        again = await provision(jetstream, TOPOLOGIES)

    assert {action.verb for action in first} == {"create"}
    assert {action.verb for action in again} == {"keep"}
