"""A view under test: what a library lends, from events of two contexts on real streams."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from nats.aio.client import Client
from sqlalchemy import Column, Integer, MetaData, Table, Text, select, text

from chassis.messaging.contracts import Event
from chassis.messaging.envelope import OutgoingMessage
from chassis.messaging.provisioner import provision
from chassis.messaging.topology import ServiceTopology, Stream, events
from chassis.persistence.database import Database
from chassis.persistence.tables import METADATA
from chassis.tasks import end
from chassis.views import (
    VIEW_SCHEMA,
    Change,
    KeptView,
    View,
    ViewNotReadyError,
    delete,
    on,
    put,
    reading,
)
from chassis.views.generations import begin_generation
from devkit.eventually import eventually

LENDING = events("lending", partitions=2)
CATALOGUE = events("catalogue", partitions=1)
OWNERS = tuple(
    ServiceTopology(
        service=f"{channel.context}-service",
        context=channel.context,
        streams=(Stream(channel=channel),),
    )
    for channel in (LENDING, CATALOGUE)
)
READER = ServiceTopology(service="shelf-service", context="shelf", reads=(LENDING, CATALOGUE))


class BookLent(Event, type="lending.BookLent.v1", key="reader"):
    reader: str
    book: str
    day: int = 1


class BookReturned(Event, type="lending.BookReturned.v1", key="reader"):
    reader: str
    book: str


class ReaderLeft(Event, type="lending.ReaderLeft.v1", key="reader"):
    reader: str


class ReaderGreeted(Event, type="lending.ReaderGreeted.v1", key="reader"):
    """Nothing that the view shows."""

    reader: str


class BookNamed(Event, type="catalogue.BookNamed.v1", key="book"):
    book: str
    title: str


class ReaderSnapshot(Event, type="lending.ReaderSnapshot.v1", key="reader"):
    run_id: str
    reader: str
    books: dict[str, int]


class BookSnapshot(Event, type="catalogue.BookSnapshot.v1", key="book"):
    run_id: str
    book: str
    title: str


class LendingTaken(Event, type="lending.SnapshotTaken.v1", key="place"):
    run_id: str
    events: int
    place: str


class CatalogueTaken(Event, type="catalogue.SnapshotTaken.v1", key="place"):
    run_id: str
    events: int
    place: str


TABLES = MetaData(schema=VIEW_SCHEMA)
loans = Table(
    "loans",
    TABLES,
    Column("reader", Text, primary_key=True),
    Column("book", Text, primary_key=True),
    Column("day", Integer),
)
books = Table("books", TABLES, Column("book", Text, primary_key=True), Column("title", Text))


def book_lent(event: BookLent, unlucky: int = 13) -> Iterator[Change]:
    if event.day == unlucky:
        raise ValueError("unlucky")
    yield put(loans, reader=event.reader, book=event.book, day=event.day)
    yield put(books, book=event.book)


def book_returned(event: BookReturned) -> Iterator[Change]:
    yield delete(loans, reader=event.reader, book=event.book)


def reader_left(event: ReaderLeft) -> Iterator[Change]:
    yield delete(loans, reader=event.reader)


def book_named(event: BookNamed) -> Iterator[Change]:
    yield put(books, book=event.book, title=event.title)


def reader_snapshot(event: ReaderSnapshot) -> Iterator[Change]:
    yield delete(loans, reader=event.reader)
    for book, day in event.books.items():
        yield put(loans, reader=event.reader, book=book, day=day)
        yield put(books, book=book)


def book_snapshot(event: BookSnapshot) -> Iterator[Change]:
    yield put(books, book=event.book, title=event.title)


def make_shelf(version: int = 1, unlucky: int = 13) -> View:
    """The view in a version that cannot apply what happens on one day."""
    return View(
        name="shelf",
        version=version,
        tables=TABLES,
        projections=(
            on(BookLent, partial(book_lent, unlucky=unlucky)),
            on(BookReturned, book_returned),
            on(ReaderLeft, reader_left),
            on(BookNamed, book_named),
            on(ReaderSnapshot, reader_snapshot),
            on(BookSnapshot, book_snapshot),
        ),
    )


SHELF = make_shelf()


class Words:
    """The events, by what people say."""

    lent, returned, left, greeted, named = (
        BookLent,
        BookReturned,
        ReaderLeft,
        ReaderGreeted,
        BookNamed,
    )


@dataclass
class Library:
    """Streams with events, and processes that keep the view on one database."""

    database: Database
    client: Client
    sender: Client
    topology: ServiceTopology = READER
    processes: list[asyncio.Task[None]] = field(default_factory=list)

    async def keep(self, view: View = SHELF, database: Database | None = None) -> KeptView:
        """Start a process that keeps the view, so to speak."""

        async def connected() -> Client:
            return self.client

        kept = KeptView(database or self.database, view, READER, connected)
        self.processes.append(asyncio.create_task(kept.run()))
        return kept

    async def rebuild(self, view: View = SHELF) -> None:
        """Ask for the next generation, as the command does."""
        await begin_generation(self.database, view, view.channels(self.topology))

    async def end(self, process: int = 0) -> None:
        task = self.processes.pop(process)
        await end(task)

    async def publish(self, *events: Event) -> list[UUID]:
        outgoing = [OutgoingMessage(message=event, key=event.key) for event in events]
        for message in outgoing:
            await self.send(message)
        return [message.message_id for message in outgoing]

    async def send(
        self, outgoing: OutgoingMessage, *, again: str = "", body: bytes | None = None
    ) -> None:
        """Put an event on its stream; `again` gives it another Nats-Msg-Id."""
        message = outgoing.message
        assert isinstance(message, Event)
        channel = LENDING if message.context == "lending" else CATALOGUE
        headers = dict(outgoing.headers(f"{message.context}-service"))
        headers["Nats-Msg-Id"] += again
        subject = channel.subject(message.wire_type, outgoing.key)
        # what is lost with a server is asked again within the patience of `eventually`
        await self.sender.jetstream(timeout=10).publish(
            subject, message.to_body() if body is None else body, headers=headers
        )

    async def until(self, probe: Callable[[], Any]) -> None:
        await eventually(probe, within=60)

    async def take_snapshots(
        self, readers: dict[str, dict[str, int]], titles: dict[str, str], run_id: str = "run-1"
    ) -> list[UUID]:
        """A whole run of snapshots by both owners, with a marker in every partition."""
        ids = []
        for book, title in titles.items():
            ids += await self.publish(BookSnapshot(run_id=run_id, book=book, title=title))
        count = dict.fromkeys(range(LENDING.partitions), 0)
        for reader, lent in readers.items():
            count[LENDING.partition(reader)] += 1
            ids += await self.publish(ReaderSnapshot(run_id=run_id, reader=reader, books=lent))
        for partition, published in count.items():
            [place, *_] = (p for p in "abcdefgh" if LENDING.partition(p) == partition)
            ids += await self.publish(LendingTaken(run_id=run_id, events=published, place=place))
        taken = CatalogueTaken(run_id=run_id, events=len(titles), place="a")
        return ids + await self.publish(taken)

    async def lose_events(self) -> None:
        """The streams lose everything that they have, as when it is too old."""
        for channel in (LENDING, CATALOGUE):
            await self.sender.jetstream().purge_stream(channel.stream)

    async def loans(self, view: View = SHELF) -> list[tuple[str, str, int]]:
        """Who has which book since which day, as the view shows it."""
        return await self.rows(loans, view)

    async def books(self, view: View = SHELF) -> list[tuple[str, str | None]]:
        """The books that were ever lent or named, with their titles."""
        return await self.rows(books, view)

    async def rows(self, table: Table, view: View = SHELF) -> list[Any]:
        async with reading(self.database, view) as session:
            found = await session.execute(select(table).order_by(*table.primary_key.columns))
            return [tuple(row) for row in found]

    async def sql(self, statement: str) -> list[tuple[Any, ...]]:
        async with self.database.sessions.begin() as session:
            result = await session.execute(text(statement))
            return [tuple(row) for row in result] if result.returns_rows else []

    async def until_shown(self, kept: KeptView, *ids: UUID) -> None:
        async def shown() -> bool:
            try:
                return not await kept.missing(ids)
            except ViewNotReadyError:
                return False

        await eventually(shown, within=60)


@asynccontextmanager
async def _open(
    database_url: str, client: Client, administrator: Client | None = None
) -> AsyncIterator[Library]:
    service_database = Database(database_url)
    async with service_database.engine.begin() as connection:
        await connection.run_sync(METADATA.create_all)
    await provision((administrator or client).jetstream(), [*OWNERS, READER])
    library = Library(service_database, client, administrator or client)
    try:
        yield library
    finally:
        while library.processes:
            await library.end()
        await service_database.close()


@pytest.fixture
async def library(database: Any, nats_client: Client) -> AsyncIterator[Library]:
    async with _open(database.url, nats_client) as library:
        yield library


@pytest.fixture
def open_library() -> Callable[..., Any]:
    """For tests that bring servers of their own."""
    return _open


@pytest.fixture
def said() -> type[Words]:
    """Makes events: `said.lent(reader="ann", book="dune")`."""
    return Words


@pytest.fixture
def new_view() -> Callable[..., View]:
    """Makes the view in some version: `new_view(2, unlucky=14)`."""
    return make_shelf


@pytest.fixture
def reader_topology() -> ServiceTopology:
    """Of the service that keeps the view."""
    return READER
