"""Publishing through the session, where the outbox itself is not at hand."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from chassis.ids import new_id
from chassis.messaging.contracts import Event
from chassis.messaging.topology import ServiceTopology, Stream, events
from chassis.outbox.outbox import Outbox
from chassis.outbox.poke import no_poke
from chassis.outbox.publishing import (
    UnboundSessionError,
    bind_outbox,
    publish,
    published,
    reserve,
)
from chassis.outbox.session import UnspentIdError
from chassis.persistence.database import Database
from chassis.persistence.tables import METADATA

TOPOLOGY = ServiceTopology(
    service="parcel-service", context="parcel", streams=(Stream(channel=events("parcel")),)
)


class ParcelSent(Event, type="parcel.ParcelSent.v1", key="parcel_id"):
    parcel_id: UUID


@pytest.fixture
async def parcels(database: Any) -> AsyncIterator[Database]:
    parcels = Database(database.url)
    async with parcels.engine.begin() as connection:
        await connection.run_sync(METADATA.create_all)
    bind_outbox(parcels, Outbox(TOPOLOGY, no_poke))
    yield parcels
    await parcels.close()


def a_parcel() -> ParcelSent:
    return ParcelSent(parcel_id=uuid4())


async def column(parcels: Database, name: str) -> list[Any]:
    async with parcels.sessions.begin() as session:
        return list(await session.scalars(text(f"SELECT {name} FROM outbox ORDER BY id")))


async def test_a_session_publishes_through_the_outbox_of_its_service(parcels: Database) -> None:
    parcel = a_parcel()

    async with parcels.sessions.begin() as session:
        publish(session, parcel)

    assert await column(parcels, "key") == [str(parcel.parcel_id)]


async def test_a_session_without_an_outbox_says_how_to_get_one() -> None:
    parcels = Database("postgresql://nobody:nothing@127.0.0.1:1/none")

    async with parcels.sessions() as session:
        with pytest.raises(UnboundSessionError, match="bind_outbox"):
            publish(session, ParcelSent(parcel_id=uuid4()))


async def test_the_next_events_have_the_ids_that_were_reserved(parcels: Database) -> None:
    first, second = new_id(), new_id()

    async with parcels.sessions.begin() as session:
        reserve(session, first)
        reserve(session, second)
        publish(session, a_parcel(), a_parcel(), a_parcel())
        ids = published(session)

    assert ids[:2] == (first, second)
    assert await column(parcels, "message_id") == list(ids)


async def test_a_reserved_id_that_no_event_has_is_an_error_and_nothing_is_committed(
    parcels: Database,
) -> None:
    async with parcels.sessions() as session:
        publish(session, a_parcel())
        reserve(session, new_id())
        with pytest.raises(UnspentIdError, match="publish one after `reserve`"):
            await session.commit()

    assert await column(parcels, "message_id") == []


async def test_an_event_that_a_savepoint_took_back_gives_its_id_to_the_next_one(
    parcels: Database,
) -> None:
    event_id = new_id()

    async with parcels.sessions.begin() as session:
        reserve(session, event_id)
        savepoint = await session.begin_nested()
        publish(session, a_parcel())
        await savepoint.rollback()
        assert published(session) == ()
        publish(session, a_parcel())
        assert published(session) == (event_id,)

    assert await column(parcels, "message_id") == [event_id]


async def test_a_reserved_id_is_forgotten_with_the_transaction_that_rolls_back(
    parcels: Database,
) -> None:
    async with parcels.sessions() as session:
        reserve(session, new_id())
        await session.rollback()
        publish(session, a_parcel())
        await session.commit()
        publish(session, a_parcel())
        assert len(published(session)) == 1
        await session.commit()

    assert len(await column(parcels, "message_id")) == 2
