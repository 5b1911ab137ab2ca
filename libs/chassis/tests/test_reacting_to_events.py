"""A service that reacts to another context's events, on the real NATS server and PostgreSQL."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from nats.js import JetStreamContext
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.consumers.handlers import handle
from chassis.messaging.contracts import Event
from chassis.messaging.envelope import OutgoingMessage, ReceivedMessage
from chassis.messaging.provisioner import provision
from chassis.messaging.topology import Consumer, ServiceTopology, Stream, TopologyError, events
from chassis.outbox.cause import Cause, cause_of, caused_by
from chassis.outbox.publishing import publish
from chassis.persistence.database import fetch_all
from chassis.persistence.tables import METADATA
from chassis.service import Service
from chassis.settings import ServiceSettings
from devkit.eventually import eventually

SHOP = ServiceTopology(
    service="shop-service", context="shop", streams=(Stream(channel=events("shop")),)
)
DEPOT = ServiceTopology(
    service="depot-service",
    context="depot",
    streams=(Stream(channel=events("depot")),),
    consumers=(Consumer(service="depot-service", channel=events("shop"), names=("Sold",)),),
)


class Sold(Event, type="shop.Sold.v1", key="item"):
    item: str


class Praised(Event, type="shop.Praised.v1", key="item"):
    item: str


class Packed(Event, type="depot.Packed.v1", key="item"):
    item: str


async def pack(event: Sold, session: AsyncSession) -> None:
    await session.execute(text("INSERT INTO packed VALUES (:item)"), {"item": event.item})
    if event.item == "broken":
        raise RuntimeError("nobody can pack this")
    publish(session, Packed(item=event.item))


class Depot:
    """The service that reacts, and the stream of the service that it reacts to."""

    def __init__(self, service: Service, jetstream: JetStreamContext) -> None:
        self._service = service
        self._jetstream = jetstream

    async def hear(self, event: Event, *, conversation: str | None = None) -> UUID:
        """Put an event on the shop's stream; gives its id."""
        outgoing = OutgoingMessage(message=event, key=event.key, correlation_id=conversation)
        subject = events("shop").subject(event.wire_type, event.key)
        headers = dict(outgoing.headers("shop-service"))
        await self._jetstream.publish(subject, event.to_body(), headers=headers)
        return outgoing.message_id

    async def published(self) -> list[ReceivedMessage]:
        async with self._service.database.sessions.begin() as session:
            rows = await fetch_all(session, "SELECT headers, body FROM outbox ORDER BY id")
        return [_received(headers, body) for headers, body in rows]

    async def packed(self) -> list[str]:
        async with self._service.database.sessions.begin() as session:
            return list(await session.scalars(text("SELECT item FROM packed ORDER BY item")))


def _received(headers: bytes, body: bytes) -> ReceivedMessage:
    lines = headers.decode().split("\r\n")[1:-1]
    return ReceivedMessage.read(dict(line.split(": ", 1) for line in lines), body)


@pytest.fixture
async def service(database: Any, nats_url: str) -> AsyncIterator[Service]:
    service = Service(ServiceSettings(database_url=database.url, nats_url=nats_url), DEPOT)
    async with service.database.engine.begin() as connection:
        await connection.run_sync(METADATA.create_all)
        await connection.execute(text("CREATE TABLE packed (item text PRIMARY KEY)"))
    yield service
    await service.broker.stop()
    await service.database.close()


@pytest.fixture
async def depot(service: Service, jetstream: JetStreamContext) -> Depot:
    await provision(jetstream, [SHOP, DEPOT])
    service.handle_events((handle(Sold, pack, publishes=(Packed,)),))
    await service.broker.start()
    return Depot(service, jetstream)


async def test_what_is_published_in_reaction_stays_in_the_events_conversation(depot: Depot) -> None:
    sold = await depot.hear(Sold(item="chair"), conversation="saga-1")

    await eventually(depot.published)

    (packed,) = await depot.published()
    assert packed.wire_type == "depot.Packed.v1"
    assert packed.correlation_id == "saga-1"
    assert packed.headers["ce-causationid"] == str(sold)


async def test_an_event_that_began_the_conversation_names_it(depot: Depot) -> None:
    sold = await depot.hear(Sold(item="chair"))

    await eventually(depot.published)

    (packed,) = await depot.published()
    assert (packed.correlation_id, packed.headers["ce-causationid"]) == (str(sold), str(sold))


async def test_each_event_of_a_batch_has_its_own_conversation_and_its_own_fate(
    depot: Depot,
) -> None:
    items = [f"item-{n:02}" for n in range(20)]
    await depot.hear(Sold(item="broken"))
    sold = {item: await depot.hear(Sold(item=item)) for item in items}

    async def all_packed() -> bool:
        return await depot.packed() == items

    await eventually(all_packed)
    causes = {one.key: one.headers["ce-causationid"] for one in await depot.published()}
    assert causes == {item: str(sold[item]) for item in items}


async def test_events_that_nobody_reacts_to_are_not_delivered(depot: Depot) -> None:
    await depot.hear(Praised(item="chair"))
    await depot.hear(Sold(item="chair"))

    await eventually(depot.packed)


async def test_outside_of_a_handler_a_conversation_begins(service: Service) -> None:
    item = str(uuid4())
    async with service.database.sessions.begin() as session:
        assert cause_of(session) is None
        publish(session, Packed(item=item))

    (packed,) = await Depot(service, None).published()  # type: ignore[arg-type]
    assert packed.correlation_id == str(packed.message_id)
    assert "ce-causationid" not in packed.headers


def test_a_service_must_react_to_what_its_topology_names(service: Service) -> None:
    async def praise(event: Praised, session: AsyncSession) -> None: ...

    with pytest.raises(TopologyError, match=r"declared for \['Sold'\] and handles \['Praised'\]"):
        service.handle_events((handle(Praised, praise),))


def test_a_service_declares_a_consumer_of_what_it_reacts_to(service: Service) -> None:
    async def react(event: Packed, session: AsyncSession) -> None: ...

    with pytest.raises(TopologyError, match=r"no consumer of depot\.events"):
        service.handle_events((handle(Packed, react),))


async def test_work_that_goes_on_later_carries_the_conversation_on(service: Service) -> None:
    kept = Cause(correlation_id="saga-1", causation_id=uuid4())
    async with service.database.sessions.begin() as session:
        with caused_by(session, kept):
            publish(session, Packed(item="later"))
            assert cause_of(session) == kept
        assert cause_of(session) is None

    (packed,) = await Depot(service, None).published()  # type: ignore[arg-type]
    assert packed.correlation_id == "saga-1"
    assert packed.headers["ce-causationid"] == str(kept.causation_id)
