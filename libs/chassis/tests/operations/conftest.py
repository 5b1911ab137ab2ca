"""A service's database, `chassis …` run on it, and a saga that sends parcels.

The saga's participants are away: operators see it as it waits.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from click.testing import Result
from pydantic import BaseModel, ConfigDict
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from typer.testing import CliRunner

from chassis.cli import app
from chassis.messaging.contracts import Command
from chassis.messaging.topology import ServiceTopology, Stream, commands, replies
from chassis.outbox.outbox import Outbox
from chassis.outbox.poke import no_poke
from chassis.persistence.database import Database, driver_url
from chassis.persistence.tables import METADATA
from chassis.sagas import (
    PIVOT,
    RETRIABLE,
    Saga,
    SagaOrchestrator,
    command,
    local,
    minutes,
    parallel,
)

Run = Callable[..., Awaitable[Result]]


class ParcelData(BaseModel):
    model_config = ConfigDict(frozen=True)

    parcel: str
    insured: bool = False


class BookVan(Command, type="van.BookVan.v1", key="parcel"):
    parcel: str


class CancelVan(Command, type="van.CancelVan.v1", key="parcel"):
    parcel: str


class Insure(Command, type="office.Insure.v1", key="parcel"):
    parcel: str


class Dispatch(Command, type="van.Dispatch.v1", key="parcel"):
    parcel: str


async def pack(data: ParcelData, session: AsyncSession) -> None:
    await session.execute(text("INSERT INTO parcels VALUES (:parcel, 'PACKED')"), data.model_dump())


async def unpack(data: ParcelData, session: AsyncSession) -> None:
    if data.parcel == "glued":
        raise RuntimeError("the glue holds")
    await session.execute(
        text("UPDATE parcels SET state = 'UNPACKED' WHERE parcel = :parcel"), data.model_dump()
    )


def book_van(data: ParcelData) -> BookVan:
    return BookVan(parcel=data.parcel)


def cancel_van(data: ParcelData) -> CancelVan:
    return CancelVan(parcel=data.parcel)


def insure(data: ParcelData) -> Insure:
    return Insure(parcel=data.parcel)


def dispatch(data: ParcelData) -> Dispatch:
    return Dispatch(parcel=data.parcel)


def is_insured(data: ParcelData) -> bool:
    return data.insured


class ParcelSaga(Saga[ParcelData], type="Parcel", version=1):
    steps = (
        local(pack, compensation=unpack),
        command(book_van, compensation=cancel_van, timeout=minutes(30)),
        command(insure, kind=PIVOT, when=is_insured, timeout=minutes(30)),
        command(dispatch, kind=RETRIABLE, timeout=minutes(30)),
    )


class NextParcelSaga(Saga[ParcelData], type="Parcel", version=2):
    steps = (local(pack), command(dispatch, kind=RETRIABLE, timeout=minutes(30)))


class GluedSaga(Saga[ParcelData], type="Parcel", version=3):
    steps = (local(pack, compensation=unpack), command(dispatch, timeout=minutes(30)))


def book_pilot(data: ParcelData) -> BookVan:
    return BookVan(parcel=data.parcel)


class PairSaga(Saga[ParcelData], type="Pair", version=1):
    steps = (
        local(pack, compensation=unpack),
        parallel(
            command(book_van, compensation=cancel_van, timeout=minutes(30)),
            command(book_pilot, compensation=cancel_van, timeout=minutes(30)),
            name="both",
        ),
        command(dispatch, kind=RETRIABLE, timeout=minutes(30)),
    )


TOPOLOGY = ServiceTopology(
    service="parcel-service",
    context="parcel",
    streams=(Stream(channel=replies("parcel")),),
    sends_to=(commands("van"), commands("office")),
)


class Parcels:
    """The service's database, and the orchestrators that its processes have."""

    ParcelSaga = ParcelSaga
    NextParcelSaga = NextParcelSaga
    GluedSaga = GluedSaga
    PairSaga = PairSaga

    def __init__(self, database: Database) -> None:
        self.database = database
        self.outbox = Outbox(TOPOLOGY, no_poke)

    def orchestrator(self, *sagas: type[Saga[ParcelData]]) -> SagaOrchestrator:
        return SagaOrchestrator(
            outbox=self.outbox, definitions=sagas or (ParcelSaga,), reply_to="parcel.replies"
        )

    async def start(
        self, parcel: str, saga: type[Saga[ParcelData]] = ParcelSaga, *, insured: bool = False
    ) -> UUID:
        """A parcel whose van is asked for."""
        async with self.database.sessions.begin() as session:
            return await self.orchestrator(saga).start(
                session, saga, ParcelData(parcel=parcel, insured=insured), subject_key=parcel
            )

    async def sent(self) -> list[str]:
        """The subjects of the commands that were sent, in their order."""
        async with self.database.sessions() as session:
            found = await session.execute(text("SELECT subject FROM outbox ORDER BY id"))
            return [subject.split(".")[2] for (subject,) in found]


async def create_tables(url: str) -> None:
    engine = create_async_engine(driver_url(url))
    async with engine.begin() as connection:
        await connection.run_sync(METADATA.create_all)
        await connection.execute(text("CREATE TABLE parcels (parcel text PRIMARY KEY, state text)"))
    await engine.dispose()


@asynccontextmanager
async def _open(url: str) -> AsyncIterator[Parcels]:
    database = Database(url)
    yield Parcels(database)
    await database.close()


@pytest.fixture
async def tables(database: Any) -> Any:
    await create_tables(database.url)
    return database


@pytest.fixture
async def connection(tables: Any) -> Any:
    connection = await asyncpg.connect(tables.url)
    yield connection
    await connection.close()


@pytest.fixture
def run(database: Any) -> Run:
    """Runs `chassis …` on the test's database, whatever comes of it."""

    async def run(*words: str, url: str | None = None) -> Result:
        # in a thread, for the command has an event loop of its own
        return await asyncio.to_thread(
            CliRunner().invoke, app, [*words], env={"DATABASE_URL": url or database.url}
        )

    return run


@pytest.fixture
def chassis(run: Run) -> Callable[..., Awaitable[Any]]:
    """Runs `chassis … --json`, which has to succeed; returns what it prints."""

    async def chassis(*words: str) -> Any:
        result = await run(*words, "--json")
        assert result.exit_code == 0, result.output
        # a service that runs in this process logs to the same place
        [printed] = [line for line in result.stdout.splitlines() if line.startswith(("[", "{"))]
        return json.loads(printed)

    return chassis


@pytest.fixture
async def parcels(tables: Any) -> AsyncIterator[Parcels]:
    """A service whose sagas operators look at and move."""
    async with _open(tables.url) as parcels:
        yield parcels


@pytest.fixture
def open_parcels() -> Callable[[str], AbstractAsyncContextManager[Parcels]]:
    """For tests that bring a server of their own."""

    @asynccontextmanager
    async def open_(url: str) -> AsyncIterator[Parcels]:
        await create_tables(url)
        async with _open(url) as parcels:
            yield parcels

    return open_
