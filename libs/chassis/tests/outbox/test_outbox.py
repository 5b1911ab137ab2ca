"""The transactional outbox as a service's code uses it."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.messaging.contracts import Event
from chassis.messaging.topology import ServiceTopology, Stream, TopologyError, events
from chassis.outbox.joined import fetch_all_with_messages
from chassis.outbox.outbox import Outbox
from chassis.outbox.session import insert_messages
from chassis.persistence.database import Database
from chassis.persistence.tables import METADATA

TOPOLOGY = ServiceTopology(
    service="parcel-service", context="parcel", streams=(Stream(channel=events("parcel")),)
)


class ParcelSent(Event, type="parcel.ParcelSent.v1", key="parcel_id"):
    parcel_id: UUID


class StrangerCame(Event, type="stranger.StrangerCame.v1", key="parcel_id"):
    parcel_id: UUID


class Pokes:
    """Counts how often the relay is woken."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


@pytest.fixture
async def parcels(database: Any) -> AsyncIterator[Database]:
    service_database = Database(database.url)
    async with service_database.engine.begin() as connection:
        await connection.run_sync(METADATA.create_all)
    yield service_database
    await service_database.close()


@pytest.fixture
def pokes() -> Pokes:
    return Pokes()


@pytest.fixture
def outbox(pokes: Pokes) -> Outbox:
    return Outbox(TOPOLOGY, pokes)


async def test_a_message_is_there_when_its_transaction_commits(
    parcels: Database, outbox: Outbox, pokes: Pokes
) -> None:
    sent = ParcelSent(parcel_id=uuid4())

    async with parcels.sessions.begin() as session:
        outbox.publish(session, sent)

    [row] = await _outbox(parcels)
    assert row.subject.startswith("parcel.events.ParcelSent.")
    assert row.key == str(sent.parcel_id)
    assert row.body == sent.to_body()
    assert row.headers.startswith(f"NATS/1.0\r\nNats-Msg-Id: {row.message_id}\r\n".encode())
    assert pokes.count == 1


async def test_a_message_goes_with_the_transaction_that_rolls_back(
    parcels: Database, outbox: Outbox, pokes: Pokes
) -> None:
    async def fail(session: AsyncSession) -> None:
        outbox.publish(session, ParcelSent(parcel_id=uuid4()))
        raise RuntimeError("the business said no")

    with pytest.raises(RuntimeError, match="the business said no"):
        async with parcels.sessions.begin() as session:
            await fail(session)

    assert await _outbox(parcels) == []
    assert pokes.count == 0


async def test_rolling_back_to_a_savepoint_drops_only_what_came_since(
    parcels: Database, outbox: Outbox
) -> None:
    before, inside, after = (ParcelSent(parcel_id=uuid4()) for _ in range(3))

    async with parcels.sessions.begin() as session:
        outbox.publish(session, before)
        savepoint = await session.begin_nested()
        outbox.publish(session, inside)
        await savepoint.rollback()
        outbox.publish(session, after)

    assert [row.key for row in await _outbox(parcels)] == [
        str(before.parcel_id),
        str(after.parcel_id),
    ]


async def test_what_was_written_early_is_written_again_after_its_savepoint_is_rolled_back(
    parcels: Database, outbox: Outbox
) -> None:
    before, inside, after = (ParcelSent(parcel_id=uuid4()) for _ in range(3))
    early = f"WITH sent AS ({insert_messages(first=1)}) SELECT"

    async with parcels.sessions.begin() as session:
        outbox.publish(session, before)
        savepoint = await session.begin_nested()
        outbox.publish(session, inside)
        await fetch_all_with_messages(session, early)
        await savepoint.rollback()
        await fetch_all_with_messages(session, early)
        outbox.publish(session, after)

    assert [row.key for row in await _outbox(parcels)] == [
        str(before.parcel_id),
        str(after.parcel_id),
    ]


async def test_a_thousand_messages_are_one_statement(parcels: Database, outbox: Outbox) -> None:
    statements: list[str] = []
    event.listen(
        parcels.engine.sync_engine,
        "before_cursor_execute",
        lambda *arguments: statements.append(arguments[2]),
    )

    async with parcels.sessions.begin() as session:
        outbox.publish(session, *(ParcelSent(parcel_id=uuid4()) for _ in range(1000)))

    assert len(statements) == 1
    assert len(await _outbox(parcels)) == 1000


async def test_messages_stand_in_the_order_they_were_published_in(
    parcels: Database, outbox: Outbox
) -> None:
    published = [ParcelSent(parcel_id=uuid4()) for _ in range(100)]

    async with parcels.sessions.begin() as session:
        outbox.publish(session, *published)

    assert [row.key for row in await _outbox(parcels)] == [str(p.parcel_id) for p in published]


async def test_a_channel_that_the_topology_does_not_name_is_refused_with_what_to_do(
    parcels: Database, outbox: Outbox
) -> None:
    async with parcels.sessions.begin() as session:
        with pytest.raises(TopologyError, match="add the channel to `sends_to`"):
            outbox.publish(session, StrangerCame(parcel_id=uuid4()))


async def _outbox(database: Database) -> list[Any]:
    async with database.sessions.begin() as session:
        return list((await session.execute(text("SELECT * FROM outbox ORDER BY id"))).all())
