"""A saga and its participant, with JetStream between them; the tests are the relay.

trip-service books rooms; hotel-service has so many of them. Both have one database here, and what
they send lies in its outbox until a test puts it on the stream: in whatever order, however often.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from nats.aio.client import Client
from pydantic import BaseModel, ConfigDict
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.consumers.handlers import Handler, HandlerProcessor, handle
from chassis.consumers.policy import RetryPolicy
from chassis.consumers.processor import Processor
from chassis.consumers.runtime import ConsumerRuntime
from chassis.messaging.contracts import Command, Refusal, Reply
from chassis.messaging.envelope import ReceivedMessage
from chassis.messaging.provisioner import provision
from chassis.messaging.topology import Consumer, ServiceTopology, Stream, commands, replies
from chassis.outbox.outbox import Outbox
from chassis.outbox.poke import no_poke
from chassis.outbox.publishing import bind_outbox
from chassis.persistence.database import Database, fetch_all
from chassis.persistence.tables import METADATA
from chassis.sagas import (
    PIVOT,
    RETRIABLE,
    Retry,
    Saga,
    SagaHistory,
    SagaOrchestrator,
    command,
    saga_history,
    seconds,
)
from chassis.testing.outbox import read_header_block
from devkit.eventually import eventually

HOTEL = ServiceTopology(
    service="hotel-service",
    context="hotel",
    streams=(Stream(channel=commands("hotel")),),
    consumers=(Consumer(service="hotel-service", channel=commands("hotel")),),
    sends_to=(replies("trip"),),
)
TRIP = ServiceTopology(
    service="trip-service",
    context="trip",
    streams=(Stream(channel=replies("trip")),),
    consumers=(Consumer(service="trip-service", channel=replies("trip")),),
    sends_to=(commands("hotel"),),
)
HASTY = RetryPolicy(
    immediate=0,
    delays=(timedelta(seconds=0.1), timedelta(seconds=0.1)),
    unknown_type_delay=timedelta(seconds=0.1),
)


class BookRooms(Command, type="hotel.BookRooms.v1", key="hotel"):
    hotel: str
    rooms: int


class ReturnRooms(Command, type="hotel.ReturnRooms.v1", key="desk"):
    """Its key is its own, so that it may be on another partition than what it undoes."""

    hotel: str
    rooms: int
    desk: str


class ClaimRooms(Command, type="hotel.ClaimRooms.v1", key="hotel"):
    hotel: str
    rooms: int


class RoomsBooked(Reply, type="hotel.RoomsBooked.v1"):
    pass


class RoomsReturned(Reply, type="hotel.RoomsReturned.v1"):
    pass


class NoRooms(Refusal, type="hotel.NoRooms.v1"):
    pass


class Booking(BaseModel):
    model_config = ConfigDict(frozen=True)

    hotel: str = "Ritz"
    rooms: int = 2
    desk: str = "Ritz"


def book_rooms(data: Booking) -> BookRooms:
    return BookRooms(hotel=data.hotel, rooms=data.rooms)


def return_rooms(data: Booking) -> ReturnRooms:
    return ReturnRooms(hotel=data.hotel, rooms=data.rooms, desk=data.desk)


def claim_rooms(data: Booking) -> ClaimRooms:
    return ClaimRooms(hotel=data.hotel, rooms=data.rooms)


class TripSaga(Saga[Booking], type="Trip", version=1):
    """Rooms that can be given back, and then the pivot."""

    steps = (
        command(book_rooms, compensation=return_rooms, timeout=seconds(10)),
        command(claim_rooms, kind=PIVOT, timeout=seconds(10)),
    )


class FirmTripSaga(Saga[Booking], type="FirmTrip", version=1):
    """Rooms that are asked for until they are there."""

    steps = (
        command(
            claim_rooms,
            kind=RETRIABLE,
            timeout=seconds(10),
            retry=Retry(first=seconds(1), factor=1),
        ),
    )


@dataclass(frozen=True, slots=True)
class Row:
    """A message as it lies in the outbox."""

    subject: str
    headers: dict[str, str]
    body: bytes

    @property
    def received(self) -> ReceivedMessage:
        return ReceivedMessage.read(self.headers, self.body)


@dataclass
class World:
    """Both services, with time that can be advanced for the sagas."""

    database: Database
    client: Client
    orchestrator: SagaOrchestrator
    ahead: timedelta = timedelta()
    before: Callable[[Command], Awaitable[None]] | None = None
    runtimes: list[ConsumerRuntime] = field(default_factory=list)

    async def book(self, command: BookRooms | ClaimRooms, session: AsyncSession) -> Reply:
        if self.before is not None:
            await self.before(command)
        taken = await fetch_all(
            session,
            "UPDATE hotels SET free = free - $2 WHERE hotel = $1 AND free >= $2 RETURNING free",
            command.hotel,
            command.rooms,
        )
        return RoomsBooked() if taken else NoRooms()

    async def give_back(self, command: ReturnRooms, session: AsyncSession) -> Reply:
        await fetch_all(
            session,
            "UPDATE hotels SET free = free + $2 WHERE hotel = $1",
            command.hotel,
            command.rooms,
        )
        return RoomsReturned()

    def handlers(self) -> tuple[Handler, ...]:
        return (
            handle(BookRooms, self.book),
            handle(ClaimRooms, self.book),
            handle(ReturnRooms, self.give_back),
        )

    async def participate(self, *handlers: Handler) -> None:
        """Start hotel-service's consumer; without handlers of its own, with those above."""
        processor = HandlerProcessor(handlers or self.handlers(), Outbox(HOTEL, no_poke))
        await self._run(HOTEL.consumers[0], processor)

    async def orchestrate(self) -> None:
        """Start the consumer of trip-service's replies."""
        await self._run(TRIP.consumers[0], self.orchestrator)

    async def start(self, saga: Any, data: BaseModel | None = None) -> UUID:
        async with self.database.sessions.begin() as session:
            return await self.orchestrator.start(
                session, saga, data or Booking(), subject_key="a-trip"
            )

    async def advance(self, **by: float) -> None:
        """Let time pass for the sagas, and fire what falls due."""
        self.ahead += timedelta(**by)
        async with self.database.sessions.begin() as session:
            await self.orchestrator.fire(session, now=datetime.now(UTC) + self.ahead, limit=100)

    async def take(self) -> list[Row]:
        """What lies in the outbox, in its order; it is taken out."""
        async with self.database.sessions.begin() as session:
            rows = await fetch_all(
                session, "DELETE FROM outbox RETURNING id, subject, headers, body"
            )
        return [Row(row.subject, read_header_block(row.headers), row.body) for row in sorted(rows)]

    async def put(self, *rows: Row, again: str = "") -> None:
        """Put messages on their streams, in this order; `again` has JetStream store a duplicate."""
        for row in rows:
            message_id = row.headers["Nats-Msg-Id"] + again
            headers = {**row.headers, "Nats-Msg-Id": message_id}
            await self.client.jetstream(timeout=60).publish(row.subject, row.body, headers=headers)

    async def carry(self) -> bool:
        """Be a relay for once: put on the streams what lies in the outbox."""
        await self.put(*(await self.take()))
        return True

    async def until(self, probe: Callable[[], Any]) -> Any:
        """Relay what is sent until the probe, which may be a coroutine function, is true."""

        async def carried() -> Any:
            await self.carry()
            found = probe()
            return await found if asyncio.iscoroutine(found) else found

        return await eventually(carried)

    async def sent(self, number: int) -> list[Row]:
        """The next messages of the outbox once there are so many."""
        found: list[Row] = []

        async def enough() -> bool:
            found.extend(await self.take())
            return len(found) >= number

        await eventually(enough)
        return found

    async def history(self) -> SagaHistory:
        async with self.database.sessions() as session:
            (history,) = await saga_history(session, "a-trip")
        return history

    async def state(self) -> str:
        return str((await self.history()).state)

    async def free(self, hotel: str = "Ritz") -> int:
        [row] = await self.rows(f"SELECT free FROM hotels WHERE hotel = '{hotel}'")
        return int(row.free)

    async def rows(self, sql: str) -> list[Any]:
        async with self.database.sessions() as session:
            return list((await session.execute(text(sql))).all())

    async def execute(self, sql: str) -> None:
        async with self.database.sessions.begin() as session:
            await session.execute(text(sql))

    async def nothing_left(self) -> None:
        """Nothing waits, nothing is dead, and nothing is on its way."""
        for table in ("outbox", "deferred_messages", "dead_letters"):
            assert await self.rows(f"SELECT * FROM {table}") == []

    async def _run(self, consumer: Consumer, processor: Processor) -> None:
        runtime = ConsumerRuntime(self.database, self.client, consumer, processor, HASTY)
        await runtime.start()
        self.runtimes.append(runtime)


@pytest.fixture
async def world(database: Any, nats_client: Client) -> AsyncIterator[World]:
    both = Database(database.url)
    async with both.engine.begin() as connection:
        await connection.run_sync(METADATA.create_all)
        await connection.execute(
            text("CREATE TABLE hotels (hotel text PRIMARY KEY, free int CHECK (free >= 0))")
        )
        await connection.execute(text("INSERT INTO hotels VALUES ('Ritz', 5), ('Savoy', 5)"))
    await provision(nats_client.jetstream(), [HOTEL, TRIP])
    orchestrator = SagaOrchestrator(
        outbox=Outbox(TRIP, no_poke),
        definitions=(TripSaga, FirmTripSaga),
        reply_to="trip.replies",
    )
    bind_outbox(both, Outbox(HOTEL, no_poke))
    world = World(both, nats_client, orchestrator)
    try:
        yield world
    finally:
        await asyncio.gather(*(runtime.stop() for runtime in world.runtimes))
        await both.close()


@pytest.fixture
def trip() -> SimpleNamespace:
    """Everything that is declared above, by its name."""
    return SimpleNamespace(**globals())
