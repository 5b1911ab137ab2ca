"""Publishing through the session, where the outbox itself is not at hand."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from chassis.messaging.contracts import Event
from chassis.messaging.topology import ServiceTopology, Stream, events
from chassis.outbox.outbox import Outbox
from chassis.outbox.poke import no_poke
from chassis.outbox.publishing import UnboundSessionError, bind_outbox, publish
from chassis.persistence.database import Database
from chassis.persistence.tables import METADATA

TOPOLOGY = ServiceTopology(
    service="parcel-service", context="parcel", streams=(Stream(channel=events("parcel")),)
)


class ParcelSent(Event, type="parcel.ParcelSent.v1", key="parcel_id"):
    parcel_id: UUID


async def test_a_session_publishes_through_the_outbox_of_its_service(database: Any) -> None:
    parcels = Database(database.url)
    async with parcels.engine.begin() as connection:
        await connection.run_sync(METADATA.create_all)
    bind_outbox(parcels, Outbox(TOPOLOGY, no_poke))
    parcel_id = uuid4()

    async with parcels.sessions.begin() as session:
        publish(session, ParcelSent(parcel_id=parcel_id))

    async with parcels.sessions.begin() as session:
        assert list(await session.scalars(text("SELECT key FROM outbox"))) == [str(parcel_id)]
    await parcels.close()


async def test_a_session_without_an_outbox_says_how_to_get_one() -> None:
    parcels = Database("postgresql://nobody:nothing@127.0.0.1:1/none")

    async with parcels.sessions() as session:
        with pytest.raises(UnboundSessionError, match="bind_outbox"):
            publish(session, ParcelSent(parcel_id=uuid4()))
