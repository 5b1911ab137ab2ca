"""The aggregates of a whole batch are loaded and locked before the functions that use them run."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis.persistence.database import Database
from chassis.persistence.loading import LoadError, load, loaded, preload
from chassis.testing.statements import recorded_statements

pytestmark = pytest.mark.real


class Base(DeclarativeBase):
    """The service's own tables."""


class Shelf(Base):
    __tablename__ = "shelves"
    name: Mapped[str] = mapped_column(primary_key=True)
    books: Mapped[int]


class Reader(Base):
    __tablename__ = "readers"
    number: Mapped[int] = mapped_column(primary_key=True)


class Loan(Base):
    __tablename__ = "loans"
    shelf: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)


SHELF = load(Shelf, by=lambda name: name)
READERS = load(Reader, by=lambda _: [1, 2])


@pytest.fixture
async def library(database: Any) -> AsyncIterator[Database]:
    library = Database(database.url)
    async with library.engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    async with library.sessions.begin() as session:
        session.add_all([Shelf(name=name, books=1) for name in ("a", "b", "c")])
        session.add_all([Reader(number=number) for number in (1, 2, 3)])
    yield library
    await library.close()


async def test_a_batch_loads_each_entity_with_one_statement_and_then_finds_all_in_the_session(
    library: Database,
) -> None:
    async with library.sessions.begin() as session:
        with recorded_statements(library) as statements:
            pairs = [(SHELF, "a"), (READERS, "a"), (SHELF, "b"), (READERS, "b"), (SHELF, "a")]
            await preload(session, pairs)
            shelf = await session.get_one(Shelf, "b")
            reader = await session.get_one(Reader, 2)

    assert (shelf.name, reader.number) == ("b", 2)
    assert len(statements) == 2


async def test_the_statement_is_the_same_whatever_the_number_of_rows(library: Database) -> None:
    async with library.sessions.begin() as session:
        with recorded_statements(library) as statements:
            await preload(session, [(SHELF, "a")])
            await preload(session, [(SHELF, "a"), (SHELF, "b"), (SHELF, "c")])

    assert statements[0] == statements[1], "so that the server prepares it once"


async def test_what_does_not_exist_is_left_out_and_nothing_to_load_costs_nothing(
    library: Database,
) -> None:
    nothing = load(Shelf, by=lambda _: None)
    async with library.sessions.begin() as session:
        await preload(session, [(SHELF, "no such shelf")])
        assert await session.get(Shelf, "no such shelf") is None
        with recorded_statements(library) as statements:
            await preload(session, [(nothing, "a")])

    assert statements == []


async def test_two_batches_in_opposite_orders_wait_for_each_other(library: Database) -> None:
    async def lend(*names: str) -> None:
        async with library.sessions.begin() as session:
            await preload(session, [(SHELF, name) for name in names])
            for name in names:
                (await session.get_one(Shelf, name)).books += 1

    orders = [("a", "b", "c"), ("c", "b", "a")] * 10
    await asyncio.gather(*(lend(*names) for names in orders))

    async with library.sessions() as session:
        assert list(await session.scalars(select(Shelf.books))) == [21, 21, 21]


async def test_a_row_that_the_session_had_read_before_is_read_anew_under_its_lock(
    library: Database,
) -> None:
    async with library.sessions.begin() as session:
        shelf = await session.get_one(Shelf, "a")
        async with library.sessions.begin() as another:
            (await another.get_one(Shelf, "a")).books = 7
        await preload(session, [(SHELF, "a")])

        assert shelf.books == 7


def test_an_entity_without_a_simple_primary_key_cannot_be_preloaded() -> None:
    with pytest.raises(LoadError, match="Loan has a primary key of 2 columns"):
        load(Loan, by=lambda loan: loan)


async def test_what_was_not_found_is_told_without_asking_again(library: Database) -> None:
    async with library.sessions.begin() as session:
        await preload(session, [(SHELF, "a"), (SHELF, "nowhere")])
        with recorded_statements(library) as statements:
            found = loaded(session, Shelf, "a")
            assert (found and found.name, loaded(session, Shelf, "nowhere")) == ("a", None)

    assert statements == []
