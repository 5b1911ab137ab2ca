"""Whoever sends the token of a write reads the write, or is told that it is not shown yet."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import chain, count
from typing import Annotated, Any
from uuid import UUID

import pytest
from fastapi import APIRouter
from httpx import ASGITransport, AsyncClient, Response
from prometheus_client import CollectorRegistry
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.http import ProblemType, create_http_app, declare_problems, documented
from chassis.http.consistency import CONSISTENCY_TOKEN, token_headers
from chassis.http.deadline import Deadline, caller_deadline
from chassis.ids import new_id
from chassis.messaging.topology import ServiceTopology
from chassis.views import (
    VIEW_NOT_READY,
    VIEW_SCHEMA,
    WRITE_NOT_SHOWN,
    KeptView,
    View,
    after_own_writes,
    show_own_writes,
    transaction_on,
)
from chassis.views.catching_up import CatchingUp
from chassis.views.generations import begin_generation, current
from chassis.views.own_writes import OwnWrites
from devkit.eventually import eventually

pytestmark = pytest.mark.real

HELD_BACK_SECONDS = 2


class ReaderNotFoundError(Exception):
    """Nobody reads under this name."""


READER_NOT_FOUND = ProblemType(
    error=ReaderNotFoundError, status=404, name="reader-not-found", title="No such reader"
)


class Desk:
    """Lends books, and looks for them in the view over HTTP."""

    def __init__(
        self, library: Any, said: Any, kept: KeptView, own_writes: OwnWrites, client: AsyncClient
    ) -> None:
        self.library = library
        self.kept = kept
        self.own_writes = own_writes
        self.client = client
        self._said = said

    @property
    def catching_up(self) -> CatchingUp:
        return self.own_writes.of(self.kept.view)

    async def lend(self, reader: str) -> dict[str, str]:
        """Write, and get a token."""
        [event_id] = await self.library.publish(self._said.lent(reader=reader, book="dune"))
        return token_headers(event_id)

    async def ask(self, reader: str, headers: dict[str, str] | None = None) -> Response:
        return await self.client.get(f"/loans/{reader}", headers=headers)

    async def look(self, reader: str, headers: dict[str, str] | None = None) -> str:
        """What a reader's own query says of the write before it."""
        answer = await self.ask(reader, headers)
        if answer.status_code == 202:
            assert answer.headers["retry-after"] == "1"
            return "not yet"
        assert answer.status_code == 200, answer.text
        return "shown" if answer.json() == ["dune"] else "missed"


@pytest.fixture
async def desk(library: Any, said: Any, new_view: Callable[[int], View]) -> AsyncIterator[Desk]:
    view = new_view(1)
    table = view.tables.tables[f"{VIEW_SCHEMA}.loans"]
    router = APIRouter(dependencies=[after_own_writes(view)])

    @router.get("/loans/{reader}", responses=documented(WRITE_NOT_SHOWN, VIEW_NOT_READY))
    async def loans(
        reader: str, session: Annotated[AsyncSession, transaction_on(view)]
    ) -> list[str]:
        return list(await session.scalars(select(table.c.book).where(table.c.reader == reader)))

    @router.get("/readers/{reader}", responses=documented(WRITE_NOT_SHOWN, READER_NOT_FOUND))
    async def show_reader(reader: str, limit: int = 1) -> None:
        raise ReaderNotFoundError(reader)

    app = create_http_app("shelf-service", library.database, registry=CollectorRegistry())
    app.include_router(router)
    declare_problems(app, VIEW_NOT_READY, READER_NOT_FOUND)
    kept = await library.keep(view)
    own_writes = show_own_writes(app, within=3)
    own_writes.watch(view, kept)
    async with AsyncClient(transport=ASGITransport(app), base_url="http://shelf") as client:
        await library.until_shown(kept)
        yield Desk(library, said, kept, own_writes, client)
    # what was asked last has to be answered before the database is closed
    looking = [task for task in asyncio.all_tasks() if task.get_name() == "readers of own writes"]
    await asyncio.gather(*looking)


@asynccontextmanager
async def held_back(desk: Desk) -> AsyncIterator[None]:
    """Meanwhile the view applies nothing."""
    connection = await desk.library.database.connect_driver()
    try:
        async with connection.transaction():
            await connection.execute("SELECT 1 FROM view_checkpoints FOR UPDATE")
            yield
    finally:
        await connection.close()


async def look_until_shown(desk: Desk, reader: str, token: dict[str, str]) -> list[str]:
    """All that a reader is told who asks again as long as it is told to."""
    told = [await desk.look(reader, token)]
    while told[-1] == "not yet":
        told.append(await desk.look(reader, token))
    return told


async def read_own_writes(desk: Desk, readers: list[str]) -> tuple[Counter[str], Counter[str]]:
    """What readers are told of their writes, with the token and without it, two seconds late."""
    async with held_back(desk):
        free = asyncio.create_task(asyncio.sleep(HELD_BACK_SECONDS))
        tokens = await asyncio.gather(*(desk.lend(reader) for reader in readers))
        looking = [
            asyncio.create_task(look_until_shown(desk, reader, token))
            for reader, token in zip(readers, tokens, strict=True)
        ]
        without = await asyncio.gather(*(desk.look(reader) for reader in readers))
        await free
    told = await asyncio.gather(*looking)
    return Counter(chain.from_iterable(told)), Counter(without)


async def test_of_a_thousand_reads_of_a_late_view_none_with_its_token_misses_its_write(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    with_token: Counter[str] = Counter()
    without: Counter[str] = Counter()
    for batch in range(5):
        told = await read_own_writes(desk, [f"reader-{batch}-{n}" for n in range(200)])
        with_token += told[0]
        without += told[1]

    with capsys.disabled():
        print(f"\nwith the token: {dict(with_token)}; without it: {dict(without)}")  # noqa: T201
    assert with_token["missed"] == 0
    assert with_token["shown"] == 1000
    assert without["missed"] == 1000


async def test_a_write_that_is_not_shown_in_time_is_a_202_that_says_when_to_ask_again(
    desk: Desk,
) -> None:
    async with held_back(desk):
        token = await desk.lend("ann")
        answer = await desk.ask("ann", token)
        assert await desk.look("ann") == "missed", "without the token it is answered at once"

    assert answer.status_code == 202
    assert answer.headers["retry-after"] == "1"
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:longship:problem:write-not-shown"
    told = await look_until_shown(desk, "ann", token)
    assert (told[-1], "missed" in told) == ("shown", False)


async def test_a_reader_waits_for_all_of_its_writes(desk: Desk) -> None:
    first, second = await desk.lend("ann"), await desk.lend("bob")
    both = {CONSISTENCY_TOKEN: f"{first[CONSISTENCY_TOKEN]}, {second[CONSISTENCY_TOKEN]}"}

    for reader in ("ann", "bob"):
        told = await look_until_shown(desk, reader, both)
        assert (told[-1], "missed" in told) == ("shown", False)

    unknown = token_headers(new_id())
    lines = [*both.items(), *unknown.items()]
    assert (await desk.client.get("/loans/ann", headers=lines)).status_code == 202


async def test_an_event_that_the_view_has_no_use_for_is_not_waited_for_in_vain(
    desk: Desk, said: Any
) -> None:
    [event_id] = await desk.library.publish(said.greeted(reader="ann"))

    async def is_answered() -> bool:
        return (await desk.ask("ann", token_headers(event_id))).status_code == 200

    await eventually(is_answered)


async def test_readers_who_wait_hold_no_connection(desk: Desk) -> None:
    pool: Any = desk.library.database.engine.pool
    unknown = token_headers(new_id())
    asking = [asyncio.create_task(desk.ask("ann", unknown)) for _ in range(3 * pool.size())]

    async def more_wait_than_there_are_connections() -> bool:
        return desk.catching_up.waiting > pool.size() and pool.checkedout() == 0

    await eventually(more_wait_than_there_are_connections, within=60)
    assert {answer.status_code for answer in await asyncio.gather(*asking)} == {202}


async def test_a_caller_in_a_hurry_is_answered_before_its_time_is_up(desk: Desk) -> None:
    token = token_headers(new_id())[CONSISTENCY_TOKEN]
    hurry = caller_deadline.set(Deadline.after(0.05))
    try:
        assert not await desk.own_writes.shown(desk.kept.view, token)
    finally:
        caller_deadline.reset(hurry)
    assert desk.catching_up.waiting == 0


async def test_what_is_not_found_is_not_shown_yet_and_what_is_not_valid_stays_so(
    desk: Desk,
) -> None:
    unknown = token_headers(new_id())

    not_found = await desk.client.get("/readers/ann", headers=unknown)
    not_valid = await desk.client.get("/readers/ann?limit=none", headers=unknown)

    assert (not_found.status_code, not_valid.status_code) == (202, 422)
    assert (await desk.client.get("/readers/ann")).status_code == 404


@pytest.mark.parametrize("token", ["", "none", "1.", f"{UUID(int=1)}", "1." + "A" * 22 + ","])
async def test_what_is_no_token_is_a_422(desk: Desk, token: str) -> None:
    answer = await desk.ask("ann", {CONSISTENCY_TOKEN: token})

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_second_line_that_is_no_token_is_a_422(desk: Desk) -> None:
    lines = [*(await desk.lend("ann")).items(), (CONSISTENCY_TOKEN, "none")]

    answer = await desk.client.get("/loans/ann", headers=lines)

    assert answer.json()["type"] == "urn:longship:problem:malformed-consistency-token"


async def test_header_and_202_are_documented(desk: Desk) -> None:
    operation = (await desk.client.get("/openapi.json")).json()["paths"]["/loans/{reader}"]["get"]

    (parameter,) = [one for one in operation["parameters"] if one["in"] == "header"]
    assert parameter["name"] == CONSISTENCY_TOKEN
    assert not parameter["required"]
    assert set(operation["responses"]) == {"200", "202", "400", "422", "500", "503", "504"}
    assert "Retry-After" in operation["responses"]["202"]["headers"]


async def test_a_view_that_is_rebuilt_and_swapped_meanwhile_never_misses_a_write(
    desk: Desk, reader_topology: ServiceTopology
) -> None:
    view, database = desk.kept.view, desk.library.database
    channels = view.channels(reader_topology)
    told: Counter[str] = Counter()
    number = count()
    for _ in range(3):
        building, _ = await begin_generation(database, view, channels)
        while (await current(database, view)).live != building:
            readers = [f"reader-{next(number)}" for _ in range(20)]
            tokens = await asyncio.gather(*(desk.lend(reader) for reader in readers))
            reads = zip(readers, tokens, strict=True)
            told.update(await asyncio.gather(*(desk.look(*read) for read in reads)))

    assert told["missed"] == 0
    assert told["shown"] > 0
