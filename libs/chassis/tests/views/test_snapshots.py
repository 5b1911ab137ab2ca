"""Building a view when its streams no longer reach back to the beginning."""

from collections.abc import Callable
from typing import Any

from chassis.views import View
from devkit.eventually import eventually


async def history(library: Any, said: Any) -> list[Any]:
    """Ann and Bob have a book each, and everything has a title."""
    ids: list[Any] = await library.publish(
        said.named(book="dune", title="Dune"),
        said.named(book="emma", title="Emma"),
        said.lent(reader="ann", book="dune", day=3),
        said.lent(reader="ann", book="emma", day=4),
        said.returned(reader="ann", book="emma"),
        said.lent(reader="bob", book="emma", day=5),
    )
    return ids


async def until_waiting(library: Any, generation: int) -> None:
    async def waiting() -> bool:
        found = await library.sql(
            f"SELECT waits_for FROM view_generations WHERE generation = {generation}"
        )
        return "publish a snapshot: `chassis snapshots publish catalogue_service`" in str(found)

    await eventually(waiting, within=60)


async def test_a_view_whose_streams_lost_the_beginning_waits_for_snapshots_and_then_equals_the_old(
    library: Any, said: Any, new_view: Callable[..., View]
) -> None:
    old = await library.keep()
    ids = await history(library, said)
    await library.until_shown(old, *ids)
    await library.lose_events()

    new = await library.keep(new_view(2))
    await until_waiting(library, 2)
    ids = await library.take_snapshots(
        {"ann": {"dune": 3}, "bob": {"emma": 5}}, {"dune": "Dune", "emma": "Emma"}
    )
    ids += await library.publish(said.lent(reader="bob", book="dune", day=6))
    await library.until_shown(new, *ids)
    await library.until_shown(old, *ids)

    assert await library.loans(new.view) == await library.loans(old.view)
    assert await library.books(new.view) == await library.books(old.view)


async def test_who_waits_for_an_event_that_only_a_snapshot_told_of_waits_no_more(
    library: Any, said: Any
) -> None:
    kept = await library.keep()
    ids = await history(library, said)
    await library.until_shown(kept, *ids)
    await library.lose_events()
    await library.rebuild()
    await until_waiting(library, 2)

    await library.take_snapshots(
        {"ann": {"dune": 3}, "bob": {"emma": 5}}, {"dune": "Dune", "emma": "Emma"}
    )

    async def swapped() -> bool:
        found = await library.sql("SELECT generation FROM view_generations WHERE state = 'LIVE'")
        return bool(found == [(2,)])

    await eventually(swapped, within=60)
    assert await kept.missing(ids) == frozenset()
    assert await library.loans() == [("ann", "dune", 3), ("bob", "emma", 5)]


async def test_a_run_whose_beginning_is_lost_as_well_is_not_enough(
    library: Any, said: Any, new_view: Callable[..., View]
) -> None:
    await history(library, said)
    titles = {"dune": "Dune", "emma": "Emma"}
    await library.take_snapshots({}, titles, run_id="first")
    await library.sender.jetstream().purge_stream("lending-events")
    await library.sender.jetstream().purge_stream("catalogue-events", keep=2)

    kept = await library.keep()
    await until_waiting(library, 1)

    ids = await library.take_snapshots({}, titles, run_id="second")
    await library.until_shown(kept, *ids)


async def test_a_view_that_slept_longer_than_its_streams_remember_says_so(
    library: Any, said: Any
) -> None:
    kept = await library.keep()
    await library.until_shown(kept, *await history(library, said))
    await library.end()
    await library.publish(said.lent(reader="ann", book="lost"))
    await library.lose_events()

    kept = await library.keep()

    async def incomplete() -> list[Any]:
        return list(
            await library.sql(
                "SELECT channel FROM view_checkpoints WHERE NOT complete ORDER BY channel"
            )
        )

    assert ("lending.events",) in await eventually(incomplete, within=60)
