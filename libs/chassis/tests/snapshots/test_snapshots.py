"""An owner publishes what it has, in order with its events, and says when it has published all."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis import snapshots
from chassis.messaging.contracts import Event
from chassis.messaging.envelope import ReceivedMessage
from chassis.messaging.topology import ServiceTopology, Stream, events
from chassis.outbox.outbox import Outbox
from chassis.outbox.poke import no_poke
from chassis.outbox.publishing import bind_outbox, publish
from chassis.persistence.database import Database, fetch_all
from chassis.persistence.tables import METADATA
from chassis.snapshots.run import PAGE, Progress, SnapshotRun
from chassis.tasks import end
from chassis.testing.outbox import outbox_messages
from chassis.testing.snapshots import relayed
from chassis.testing.statements import recorded_statements
from devkit.eventually import eventually

pytestmark = pytest.mark.real

SHELVES = events("shelf", partitions=4)
TOPOLOGY = ServiceTopology(
    service="shelf-service", context="shelf", streams=(Stream(channel=SHELVES),)
)
MANY = 2 * PAGE + 50


class Base(DeclarativeBase):
    """The service's own tables."""


class Shelf(Base):
    __tablename__ = "shelves"
    name: Mapped[str] = mapped_column(primary_key=True)
    books: Mapped[int]


class BookAdded(Event, type="shelf.BookAdded.v1", key="name"):
    name: str
    books: int


class ShelfSnapshot(snapshots.Snapshot, type="shelf.ShelfSnapshot.v1", key="name"):
    name: str
    books: int


class SnapshotTaken(snapshots.SnapshotTaken, type="shelf.SnapshotTaken.v1"):
    """All shelves have been published as snapshots."""


DECLARED = snapshots.Snapshots(
    taken=SnapshotTaken, of=(snapshots.SnapshotOf(Shelf, ShelfSnapshot, where=Shelf.books > 0),)
)


def read(messages: list[ReceivedMessage], kind: type[Any]) -> list[Any]:
    return [kind.from_body(one.body) for one in messages if one.wire_type == kind.wire_type]


@pytest.fixture
async def shelves(database: Any) -> AsyncIterator[Database]:
    shelves = Database(database.url)
    bind_outbox(shelves, Outbox(TOPOLOGY, no_poke))
    async with shelves.engine.begin() as connection:
        await connection.run_sync(METADATA.create_all)
        await connection.run_sync(Base.metadata.create_all)
    async with shelves.sessions.begin() as session:
        session.add_all([Shelf(name=f"shelf-{n:04}", books=n) for n in range(MANY + 1)])
    yield shelves
    await shelves.close()


def new_run(
    database: Database, *, report: Callable[[Progress], None] = lambda _: None
) -> SnapshotRun:
    return SnapshotRun(database, DECLARED, SHELVES, rate=1_000_000, report=report)


async def add_book(database: Database, name: str, wait: asyncio.Event | None = None) -> None:
    async with database.sessions.begin() as session:
        shelf = await session.get_one(Shelf, name, with_for_update=True)
        shelf.books += 1
        publish(session, BookAdded(name=name, books=shelf.books))
        if wait is not None:
            await wait.wait()


async def cancel(task: asyncio.Task[Any]) -> None:
    await end(task)


async def test_everything_that_events_have_told_of_is_published_once(shelves: Database) -> None:
    sent = await relayed(shelves, new_run(shelves))

    published = read(sent, ShelfSnapshot)
    assert [(one.name, one.books) for one in published] == [
        (f"shelf-{n:04}", n) for n in range(1, MANY + 1)
    ]
    assert len({one.run_id for one in published}) == 1


async def test_every_partition_ends_with_a_marker_that_counts_its_snapshots(
    shelves: Database,
) -> None:
    sent = await relayed(shelves, new_run(shelves))

    counted = Counter(SHELVES.partition(one.name) for one in read(sent, ShelfSnapshot))
    markers = read(sent[-SHELVES.partitions :], SnapshotTaken)
    assert {SHELVES.partition(one.place): one.events for one in markers} == counted
    assert {one.run_id for one in markers} == {read(sent, ShelfSnapshot)[0].run_id}
    assert [one.key for one in sent[-SHELVES.partitions :]] == [one.place for one in markers]


async def test_where_there_is_nothing_every_partition_still_has_its_marker(
    shelves: Database,
) -> None:
    async with shelves.sessions.begin() as session:
        await fetch_all(session, "DELETE FROM shelves")

    sent = await relayed(shelves, new_run(shelves))

    assert [(one.events, SHELVES.partition(one.place)) for one in read(sent, SnapshotTaken)] == [
        (0, partition) for partition in range(SHELVES.partitions)
    ]


async def test_a_snapshot_waits_for_a_change_under_way_and_comes_after_its_event(
    shelves: Database,
) -> None:
    go_on = asyncio.Event()
    adding = asyncio.create_task(add_book(shelves, "shelf-0007", wait=go_on))

    async def found(statement: str) -> bool:
        async with shelves.sessions.begin() as session:
            return bool(await fetch_all(session, statement))

    async def is_locked() -> bool:
        free = "SELECT 1 FROM shelves WHERE name = 'shelf-0007' FOR SHARE SKIP LOCKED"
        return not await found(free)

    await eventually(is_locked)
    running = asyncio.create_task(new_run(shelves).publish())
    await eventually(lambda: found("SELECT 1 FROM pg_locks WHERE NOT granted"))
    go_on.set()
    await adding

    async def both() -> list[ReceivedMessage]:
        told = [one for one in await outbox_messages(shelves) if one.key == "shelf-0007"]
        return told if len(told) == 2 else []

    added, snapshot = await eventually(both)
    assert (added.wire_type, snapshot.wire_type) == (BookAdded.wire_type, ShelfSnapshot.wire_type)
    assert ShelfSnapshot.from_body(snapshot.body).books == 8
    await cancel(running)


async def test_changes_all_the_while_leave_each_snapshot_between_its_events(
    shelves: Database,
) -> None:
    names = [f"shelf-{n:04}" for n in range(1, 60)]

    async def change() -> None:
        for name in names * 3:
            await add_book(shelves, name)

    changing = [asyncio.create_task(change()) for _ in range(4)]
    sent = await relayed(shelves, new_run(shelves))
    await asyncio.gather(*changing)
    sent += await outbox_messages(shelves)

    for number, name in enumerate(names, start=1):
        books = number
        for message in (one for one in sent if one.key == name):
            if message.wire_type == BookAdded.wire_type:
                books += 1
            assert BookAdded.from_body(message.body).books == books, message.wire_type
        assert books == number + 12


async def without_relay(shelves: Database) -> int:
    """How many snapshots a run has put into the outbox when it goes no further; no markers."""
    unsent: list[int] = []
    run = new_run(shelves, report=lambda progress: unsent.append(progress.unsent))
    running = asyncio.create_task(run.publish())

    async def waits() -> bool:
        assert not running.done()
        return len(unsent) > 3 and unsent[-3] == unsent[-1] > 0

    await eventually(waits, within=60)
    assert not read(await outbox_messages(shelves), SnapshotTaken)
    await cancel(running)
    return unsent[-1]


async def test_markers_wait_until_the_relay_has_sent_every_snapshot(shelves: Database) -> None:
    assert await without_relay(shelves) == MANY


async def test_a_run_stops_while_the_relay_is_far_behind(shelves: Database) -> None:
    more = "INSERT INTO shelves SELECT 'more-' || n, 1 FROM generate_series(1, 5000) AS n"
    async with shelves.sessions.begin() as session:
        await fetch_all(session, more)

    assert await without_relay(shelves) < 12 * PAGE


async def test_a_run_that_was_stopped_has_no_marker_and_the_next_one_is_whole(
    shelves: Database,
) -> None:
    def stop(progress: Progress) -> None:
        if progress.published >= PAGE:
            raise ConnectionError("killed")

    with pytest.raises(ConnectionError):
        await new_run(shelves, report=stop).publish()
    half = await outbox_messages(shelves)
    sent = await relayed(shelves, new_run(shelves))

    assert len(read(half, ShelfSnapshot)) == PAGE
    assert not read(half, SnapshotTaken)
    (run_id,) = {one.run_id for one in read(sent, SnapshotTaken)}
    of_the_run = [one for one in read(sent, ShelfSnapshot) if one.run_id == run_id]
    assert len(of_the_run) == MANY == sum(one.events for one in read(sent, SnapshotTaken))


async def test_a_page_is_two_statements_of_so_many_rows_however_much_there_is(
    shelves: Database,
) -> None:
    with recorded_statements(shelves) as statements:
        await relayed(shelves, new_run(shelves))

    pages = [one for one in statements if "FOR SHARE" in one]
    written = [one for one in statements if one.split()[:3] == ["INSERT", "INTO", "outbox"]]
    assert len(pages) == len(written) - 1 == 3, "and the markers"
    assert all("LIMIT" in one for one in pages)
