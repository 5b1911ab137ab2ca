"""Building a view anew while it is read and while events come in."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from typer.testing import CliRunner

from chassis.cli import app
from chassis.persistence.database import Database
from chassis.persistence.tables import METADATA
from chassis.tasks import end
from chassis.views import View, ViewChangedError, ViewNotReadyError, reading
from chassis.views.generations import current
from chassis.views.retirement import tidy
from chassis.views.swap import try_swap
from devkit.eventually import eventually


async def until_live(library: Any, generation: int) -> None:
    async def live() -> bool:
        found = await library.sql(
            "SELECT generation FROM view_generations WHERE state = 'LIVE' ORDER BY 1"
        )
        return (generation,) in found

    await eventually(live, within=90)


@asynccontextmanager
async def traffic(library: Any, said: Any) -> AsyncIterator[list[Any]]:
    """Events that come in all the while; one loan's day only ever grows."""
    ids: list[Any] = []

    async def come() -> None:
        day = 100
        while not ended.is_set():
            day += 1
            ids.extend(
                await library.publish(
                    said.lent(reader="clock", book="time", day=day),
                    said.lent(reader=f"reader-{day % 9}", book=f"book-{day % 5}", day=day),
                    said.left(reader=f"reader-{(day + 4) % 9}"),
                    said.named(book=f"book-{day % 7}", title=f"Title {day}"),
                )
            )
            await asyncio.sleep(0.01)

    ended = asyncio.Event()
    task = asyncio.create_task(come())
    try:
        yield ids
    finally:
        ended.set()
        await task


async def test_a_view_rebuilt_under_traffic_equals_one_that_never_was_and_readers_see_no_gap(
    library: Any,
    said: Any,
    new_database: Callable[[], Any],
) -> None:
    untouched = Database(new_database().url)
    async with untouched.engine.begin() as connection:
        await connection.run_sync(METADATA.create_all)
    kept, never_rebuilt = await library.keep(), await library.keep(database=untouched)
    await library.until_shown(kept, *await library.publish(said.lent(reader="clock", book="time")))
    seen: list[int] = []

    async def watch() -> None:
        while True:
            seen.extend(day for reader, _, day in await library.loans() if reader == "clock")
            await asyncio.sleep(0.01)

    async with traffic(library, said) as ids:
        reader = asyncio.create_task(watch())
        for generation in (2, 3):
            await library.rebuild()
            await until_live(library, generation)
        await asyncio.sleep(0.2)
        await end(reader)
    await library.until_shown(kept, *ids)
    await library.until_shown(never_rebuilt, *ids)

    assert len(seen) > 10
    assert seen == sorted(seen)
    rebuilt = (await library.loans(), await library.books())
    library.database, database = untouched, library.database
    try:
        assert (await library.loans(), await library.books()) == rebuilt
    finally:
        library.database = database
        while library.processes:
            await library.end()
        await untouched.close()


async def test_what_is_live_is_held_and_not_replaced_while_the_new_one_is_behind_it(
    library: Any, said: Any, new_view: Callable[..., View]
) -> None:
    kept = await library.keep()
    await library.until_shown(kept, *await library.publish(said.lent(reader="ann", book="dune")))
    await library.end()
    await library.rebuild()
    # it had caught up once, and was left behind by the one event
    await library.sql("UPDATE view_checkpoints SET caught_up_at = now()")

    async def held() -> bool:
        free = await library.sql(
            "SELECT 1 FROM view_checkpoints WHERE generation = 1 FOR UPDATE SKIP LOCKED"
        )
        return not free

    swap = asyncio.create_task(
        try_swap(library.database, await current(library.database, new_view(1)))
    )
    await eventually(held, within=60)
    outcome = await swap

    assert (outcome.done, outcome.in_vain) == (False, True)
    assert await library.loans() == [("ann", "dune", 1)]


async def test_what_was_replaced_is_dropped_when_nobody_reads_it_any_more(
    library: Any, said: Any, new_view: Callable[..., View]
) -> None:
    view = new_view(1)
    kept = await library.keep()
    await library.until_shown(kept, *await library.publish(said.lent(reader="ann", book="dune")))

    async def dropped() -> bool:
        found = await library.sql(
            "SELECT generation FROM view_generations WHERE dropped_at IS NOT NULL"
        )
        return bool(found)

    async with reading(library.database, view) as session:
        table = view.tables.tables["view.loans"]
        await library.rebuild()
        await until_live(library, 2)
        await library.until_shown(kept, *await library.publish(said.left(reader="ann")))
        for _ in range(3):
            await tidy(library.database, view)
        assert not await dropped()
        assert (await session.execute(table.select())).all() == [("ann", "dune", 1)]

    await tidy(library.database, view)
    assert await dropped()
    assert await library.loans() == []
    schemas = await library.sql("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'shelf%'")
    inbox = await library.sql("SELECT DISTINCT consumer FROM received_messages")
    assert (schemas, inbox) == ([("shelf_2",)], [("shelf@2",)])


async def test_two_versions_are_kept_and_read_side_by_side(
    library: Any, said: Any, new_view: Callable[..., View]
) -> None:
    old, new = new_view(1), new_view(2)
    kept_old = await library.keep(old)
    ids = await library.publish(said.lent(reader="ann", book="dune"))
    await library.until_shown(kept_old, *ids)

    kept_new = await library.keep(new)
    await library.until_shown(kept_new, *ids)
    ids = await library.publish(said.lent(reader="bob", book="emma"))
    await library.until_shown(kept_old, *ids)
    await library.until_shown(kept_new, *ids)

    assert await library.loans(old) == await library.loans(new)
    found = await library.sql("SELECT version, state FROM view_generations ORDER BY 1")
    assert found == [(1, "LIVE"), (2, "LIVE")]


async def test_a_version_that_nobody_holds_any_more_is_dropped(
    library: Any, said: Any, new_view: Callable[..., View]
) -> None:
    await library.keep(new_view(1))
    await until_live(library, 1)
    await library.end()
    await library.keep(new_view(2))
    await until_live(library, 2)
    await library.sql("UPDATE view_generations SET held_at = now() - interval '16 minutes'")

    async def gone() -> bool:
        found = await library.sql("SELECT state FROM view_generations WHERE dropped_at IS NOT NULL")
        return bool(found == [("RETIRED",)])

    for _ in range(3):
        await tidy(library.database, new_view(2))
    await eventually(gone, within=60)


async def test_a_version_that_cannot_apply_what_the_live_one_could_is_not_swapped_in(
    library: Any, said: Any, new_view: Callable[..., View]
) -> None:
    lenient = new_view(1)
    kept = await library.keep(lenient)
    await library.until_shown(
        kept, *await library.publish(said.lent(reader="ann", book="dune", day=14))
    )
    await library.keep(new_view(2, unlucky=14))

    async def waiting() -> bool:
        found = await library.sql("SELECT waits_for FROM view_generations WHERE version = 2")
        return "1 events became dead letters of shelf@2" in str(found)

    await eventually(waiting, within=60)
    assert await library.loans(lenient) == [("ann", "dune", 14)]

    await library.sql("UPDATE dead_letters SET archived_at = now()")

    await until_live(library, 2)


async def test_a_view_whose_tables_changed_within_its_version_is_not_kept(
    library: Any, new_view: Callable[..., View]
) -> None:
    await library.keep(new_view(1))
    await until_live(library, 1)
    changed = await library.keep(
        View(name="shelf", version=1, tables=new_view(1).tables, projections=())
    )

    with pytest.raises(ViewChangedError, match="raise `version`"):
        await changed.check_ready()


async def test_a_rebuild_goes_on_where_a_killed_process_left_it(
    library: Any, said: Any, nats_url: str, database: Any
) -> None:
    events = [said.lent(reader=f"reader-{n % 50}", book=f"book-{n}") for n in range(1500)]
    ids = await library.publish(*events)

    async def applied() -> int:
        [(events,)] = await library.sql("SELECT coalesce(sum(events), 0) FROM view_checkpoints")
        return int(events)

    killed = await _start_slow_process(database.url, nats_url)
    await eventually(lambda: _more(applied(), than=100), within=60)
    os.kill(killed.pid, signal.SIGKILL)
    await killed.wait()
    halfway = await applied()
    with pytest.raises(ViewNotReadyError):
        await library.loans()

    kept = await library.keep()
    await library.until_shown(kept, *ids)

    assert 100 < halfway < 1500
    assert len(await library.loans()) == 1500
    [(generations,)] = await library.sql("SELECT count(*) FROM view_generations")
    assert generations == 1
    assert await applied() == 1500


async def _more(amount: Any, *, than: int) -> bool:
    return bool(await amount > than)


async def _start_slow_process(database_url: str, nats_url: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, Path(__file__).parent / "slow_process.py", database_url, nats_url
    )


async def test_the_command_asks_for_a_rebuild_and_shows_how_far_it_is(
    library: Any,
    said: Any,
    new_view: Callable[..., View],
    database: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _install(monkeypatch, new_view(1), library.topology)
    kept = await library.keep()
    await library.until_shown(kept, *await library.publish(said.lent(reader="ann", book="dune")))

    def run(*arguments: str) -> Any:
        return CliRunner().invoke(app, arguments, env={"DATABASE_URL": database.url})

    unknown = await asyncio.to_thread(run, "views", "rebuild", "shelf_service", "--view", "x")
    rebuilt = await asyncio.to_thread(run, "views", "rebuild", "shelf_service", "--json")
    listed = await asyncio.to_thread(run, "views", "list", "--json")

    assert unknown.exit_code == 2
    assert "shelf_service has shelf, and not x" in unknown.output
    assert rebuilt.exit_code == 0, rebuilt.output
    assert "shelf@2 is live" in rebuilt.stderr
    [row] = json.loads(rebuilt.stdout.splitlines()[-1])
    assert (row["generation"], row["state"], row["events"], row["pending"]) == (2, "LIVE", 1, 0)
    states = {one["generation"]: one["state"] for one in json.loads(listed.stdout.splitlines()[-1])}
    assert states[2] == "LIVE"


def _install(monkeypatch: pytest.MonkeyPatch, view: View, topology: Any) -> None:
    for name, content in {
        "shelf_service": {},
        "shelf_service.app": {"SHELF": view},
        "shelf_service.messaging": {},
        "shelf_service.messaging.topology": {"TOPOLOGY": topology},
    }.items():
        module = ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)
