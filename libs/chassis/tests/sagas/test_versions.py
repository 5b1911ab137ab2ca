"""On which versions sagas are live, and what a service may do without."""

import asyncio
import json
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner

from chassis.cli import app
from chassis.operations.saga_versions import CURRENT, MISSING, NEEDED, REMOVABLE, saga_versions
from chassis.persistence.database import Database
from chassis.sagas.missing_versions import MissingVersions, SagaVersionMissingError
from chassis.sagas.statements import VERSIONS
from chassis.tasks import end
from devkit.eventually import eventually

pytestmark = pytest.mark.real


async def versions(bench: Any, *sagas: Any) -> dict[int, dict[str, Any]]:
    connection = await bench.database.connect_driver()
    try:
        rows = await saga_versions(connection, sagas or None)
    finally:
        await connection.close()
    return {row["version"]: row for row in rows if row["saga_type"] == "Trip"}


async def test_live_sagas_are_counted_by_version_with_the_oldest(
    bench: Any, trip: SimpleNamespace
) -> None:
    bench.orchestrator = bench.new_orchestrator(trip.TripSaga, trip.NewTripSaga)
    first = await bench.start("t-1")
    await bench.start("t-2")
    await bench.start("t-3", trip.NewTripSaga)
    await bench.execute(
        "UPDATE saga_instances SET state = 'NEEDS_ATTENTION', wake_at = NULL "
        "WHERE subject_key = 't-2'"
    )

    found = await versions(bench)

    assert [(one["live"], one["needs_attention"]) for one in found.values()] == [(2, 1), (1, 0)]
    assert found[1]["oldest_id"] == first
    assert {one["advice"] for one in found.values()} == {None}


async def test_a_service_keeps_what_has_instances_and_what_it_starts(
    bench: Any, trip: SimpleNamespace
) -> None:
    both = (trip.TripSaga, trip.NewTripSaga)
    await bench.start("t-1", wants_car=False)
    assert [one["advice"] for one in (await versions(bench, *both)).values()] == [NEEDED, CURRENT]

    await bench.answer_all(trip.FlightBooked(seat="7A"))
    await bench.answer_all(trip.CardDeclined())
    await bench.answer_all(trip.Done())

    found = await versions(bench, *both)
    assert [one["advice"] for one in found.values()] == [REMOVABLE, CURRENT]
    assert [one["live"] for one in found.values()] == [0, 0]


async def test_a_saga_that_no_timer_wakes_is_live(bench: Any, trip: SimpleNamespace) -> None:
    await bench.start("t-1")
    await bench.start("t-2")
    await bench.execute("UPDATE saga_instances SET wake_at = NULL")
    await bench.execute("UPDATE saga_instances SET paused_at = now() WHERE subject_key = 't-1'")

    (found,) = (await versions(bench)).values()
    assert (found["live"], found["paused"]) == (2, 1)


async def test_sagas_that_have_ended_cost_nothing_to_leave_out(bench: Any) -> None:
    connection = await bench.database.connect_driver()
    try:
        await connection.execute("SET enable_seqscan = off")
        plan = await connection.fetch(f"EXPLAIN {VERSIONS}")
    finally:
        await connection.close()

    assert "Seq Scan" not in str(plan)


async def test_a_version_that_is_removed_too_early_is_missing(
    bench: Any, trip: SimpleNamespace
) -> None:
    await bench.start("t-1")

    found = await versions(bench, trip.NewTripSaga)

    assert [(one["declared"], one["advice"]) for one in found.values()] == [
        (False, MISSING),
        (True, CURRENT),
    ]


async def test_the_command_line_shows_them_and_fails_where_one_is_missing(
    bench: Any, database: Any
) -> None:
    await bench.start("t-1")

    async def run(*arguments: str) -> Any:
        return await asyncio.to_thread(
            CliRunner().invoke,
            app,
            ["sagas", "versions", *arguments, "--json"],
            env={"DATABASE_URL": database.url},
        )

    alone, of_another_service = await run(), await run("order_service")
    (row,) = json.loads(alone.stdout)
    assert (alone.exit_code, row["saga_type"], row["live"]) == (0, "Trip", 1)
    rows = {row["saga_type"]: row for row in json.loads(of_another_service.stdout)}
    assert of_another_service.exit_code == 1
    assert rows["Trip"]["advice"] == MISSING
    assert rows["CreateOrder"]["advice"] == CURRENT


async def test_a_process_without_an_older_version_is_ready_once_its_last_saga_has_ended(
    bench: Any, trip: SimpleNamespace
) -> None:
    await bench.start("t-1", wants_car=False)
    missing = MissingVersions(bench.database, [trip.NewTripSaga], every=timedelta(seconds=0.05))
    with capture_logs() as logs:
        looking = asyncio.create_task(missing.run())
        with pytest.raises(SagaVersionMissingError):
            await missing.check_ready()
        await eventually(lambda: logs)

        await bench.answer_all(trip.NoSeat())
        await looking

    assert logs[0]["log_level"] == "error"
    assert (logs[0]["saga_type"], logs[0]["version"], logs[0]["live"]) == ("Trip", 1, 1)
    await missing.check_ready()


async def test_a_process_without_a_newer_version_is_ready_and_tells_it(
    bench: Any, trip: SimpleNamespace
) -> None:
    newer = bench.new_orchestrator(trip.TripSaga, trip.NewTripSaga)
    bench.orchestrator = newer
    await bench.start("t-1", trip.NewTripSaga)
    missing = MissingVersions(bench.database, [trip.TripSaga])

    with capture_logs() as logs:
        await missing.run()

    assert [(line["log_level"], line["version"]) for line in logs] == [("warning", 2)]
    await missing.check_ready()


async def test_versions_are_looked_for_when_the_database_is_back(trip: SimpleNamespace) -> None:
    away = Database("postgresql://nobody:x@127.0.0.1:1/none")
    with capture_logs() as logs:
        looking = asyncio.create_task(MissingVersions(away, [trip.TripSaga]).run())
        await eventually(lambda: logs)
        assert not looking.done()
        await end(looking)
    await away.close()

    assert logs[0]["event"] == "versions of sagas cannot be looked into"
