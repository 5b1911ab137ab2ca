"""Operators move sagas: the command asks, and a process of the service does it, once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from structlog.testing import capture_logs

from chassis.operations.carrying_out import SagaInterventions
from chassis.persistence.database import Database
from chassis.sagas import SagaOrchestrator
from chassis.tasks import end
from devkit.eventually import eventually

pytestmark = pytest.mark.real

BECAUSE = ("--reason", "van 7 is lost", "--by", "ada")


@asynccontextmanager
async def process(parcels: Any, *sagas: Any, url: str | None = None) -> AsyncIterator[None]:
    """A process of the service, on connections of its own."""
    database = Database(url) if url else parcels.database
    interventions = SagaInterventions(
        database, parcels.orchestrator(*sagas), idle_poll=timedelta(seconds=0.2)
    )
    task = asyncio.create_task(interventions.run())
    try:
        yield
    finally:
        await end(task)
        if url:
            await database.close()


async def log_of(connection: Any, saga_id: UUID) -> list[str]:
    rows = await connection.fetch(
        "SELECT kind FROM saga_log WHERE saga_id = $1 ORDER BY id", saga_id
    )
    return [row["kind"] for row in rows]


async def audit(chassis: Any) -> list[tuple[str, str]]:
    return [(one["action"], one["outcome"]) for one in reversed(await chassis("audit"))]


async def test_a_retry_sends_the_command_again_and_says_who_wanted_it_and_why(
    parcels: Any, connection: Any, chassis: Any
) -> None:
    saga_id = await parcels.start("a")

    async with process(parcels):
        [came] = await chassis("sagas", "retry", str(saga_id), *BECAUSE)

    assert (came["outcome"], came["state"], came["step"]) == ("DONE", "RUNNING", "book_van")
    assert await parcels.sent() == ["BookVan", "BookVan"]
    told = await chassis("sagas", "show", str(saga_id))
    [entry] = [entry for entry in told["log"] if entry["kind"] == "intervened"]
    assert entry["detail"] == "RETRY by ada: van 7 is lost"
    assert await audit(chassis) == [("sagas.retry", "DONE")]


async def test_every_move_gets_the_saga_where_it_says(parcels: Any, chassis: Any) -> None:
    names = ("skip", "compensate", "complete", "cancel", "pause")
    sagas = {name: str(await parcels.start(name)) for name in names}

    async with process(parcels):
        for name, saga_id in sagas.items():
            await chassis("sagas", name, saga_id, *BECAUSE)
        await chassis("sagas", "pause", sagas["skip"], *BECAUSE)
        await chassis("sagas", "resume", sagas["skip"], *BECAUSE)

    listed = await chassis("sagas", "list", *(w for s in STATES for w in ("--state", s)))
    stand = {one["subject"]: (one["state"], one["step"], bool(one["paused_at"])) for one in listed}
    assert stand == {
        "skip": ("RUNNING", "dispatch", False),
        "compensate": ("COMPENSATING", "book_van", False),
        "complete": ("COMPLETED", None, False),
        "cancel": ("COMPENSATING", "book_van", False),
        "pause": ("RUNNING", "book_van", True),
    }


STATES = ("RUNNING", "COMPENSATING", "COMPLETED", "COMPENSATED", "NEEDS_ATTENTION")


async def test_what_is_refused_is_kept_as_refused_with_why_and_what_is_possible(
    parcels: Any, connection: Any, run: Any, chassis: Any
) -> None:
    saga_id = await parcels.start("a")

    async with process(parcels):
        refused = await run("sagas", "resume", str(saga_id), *BECAUSE)

    assert refused.exit_code == 1
    told = " ".join(refused.output.split())
    assert "RESUME is not possible: the saga is not paused" in told
    [kept] = await chassis("audit")
    assert kept["outcome"] == "REFUSED"
    assert "Possible now: RETRY" in kept["error"]
    assert await log_of(connection, saga_id) == ["started", "local", "command"]


async def test_a_service_that_is_down_leaves_the_action_open_and_does_it_when_it_is_back(
    parcels: Any, run: Any, chassis: Any
) -> None:
    saga_id = await parcels.start("a")

    waited = await run("sagas", "retry", str(saga_id), *BECAUSE, "--wait", "0.5")

    assert waited.exit_code == 3
    assert "1 still open: no process of the service" in " ".join(waited.output.split())
    assert await audit(chassis) == [("sagas.retry", "OPEN")]
    async with process(parcels):
        await eventually(lambda: _is(audit(chassis), [("sagas.retry", "DONE")]))
    assert await parcels.sent() == ["BookVan", "BookVan"]


async def _is(found: Any, wanted: Any) -> bool:
    return bool(await found == wanted)


async def test_two_processes_do_it_once_for_each_saga_that_fits(
    parcels: Any, tables: Any, connection: Any, chassis: Any
) -> None:
    for number in range(30):
        await parcels.start(f"p-{number}")
    await connection.execute("UPDATE saga_instances SET attempt = 2 WHERE subject_key <> 'p-7'")

    async with AsyncExitStack() as processes:
        for _ in range(2):
            await processes.enter_async_context(process(parcels, url=tables.url))
        came = await chassis("sagas", "retry", "--failing", "--yes", *BECAUSE)

    assert [one["outcome"] for one in came] == ["DONE"] * 29
    assert len(await parcels.sent()) == 30 + 29
    [(moved,)] = await connection.fetch("SELECT count(*) FROM saga_log WHERE kind = 'intervened'")
    assert moved == 29


async def test_a_process_that_dies_on_the_way_leaves_it_to_the_next(
    parcels: Any, connection: Any, chassis: Any, run: Any, monkeypatch: Any
) -> None:
    saga_id = await parcels.start("a")
    reached = asyncio.Event()
    intervene = SagaOrchestrator.intervene

    async def and_die(self: Any, *arguments: Any) -> None:
        await intervene(self, *arguments)
        reached.set()
        await asyncio.Event().wait()

    with monkeypatch.context() as patched:
        patched.setattr(SagaOrchestrator, "intervene", and_die)
        async with process(parcels):
            await run("sagas", "retry", str(saga_id), *BECAUSE, "--wait", "0")
            await reached.wait()

    assert await audit(chassis) == [("sagas.retry", "OPEN")]
    assert await parcels.sent() == ["BookVan"]
    async with process(parcels):
        await eventually(lambda: _is(audit(chassis), [("sagas.retry", "DONE")]))
    assert await parcels.sent() == ["BookVan", "BookVan"]


async def test_a_step_is_not_skipped_that_the_operator_has_not_seen(
    parcels: Any, connection: Any, run: Any, chassis: Any
) -> None:
    saga_id = await parcels.start("a")
    await run("sagas", "skip", str(saga_id), *BECAUSE, "--wait", "0")
    await run("sagas", "skip", str(saga_id), *BECAUSE, "--wait", "0")

    async with process(parcels):
        await eventually(lambda: _is(audit(chassis), TWICE))

    newest, _ = await chassis("audit")
    assert "was meant for 'book_van', and the saga has moved on to 'dispatch'" in newest["error"]
    assert (await log_of(connection, saga_id)).count("intervened") == 1


TWICE = [("sagas.skip", "DONE"), ("sagas.skip", "REFUSED")]


async def test_what_fails_is_rolled_back_kept_as_failed_and_holds_up_nothing(
    parcels: Any, connection: Any, run: Any, chassis: Any
) -> None:
    glued = await parcels.start("glued", parcels.GluedSaga)
    whole = await parcels.start("whole", parcels.GluedSaga)

    async with process(parcels, parcels.GluedSaga):
        came = await run("sagas", "cancel", str(glued), str(whole), *BECAUSE)

    assert came.exit_code == 1
    assert "RuntimeError: the glue holds" in " ".join(came.output.split())
    assert await audit(chassis) == [("sagas.cancel", "FAILED"), ("sagas.cancel", "DONE")]
    assert await log_of(connection, glued) == ["started", "local", "command"]
    assert (await log_of(connection, whole))[-1] == "ended"


async def test_a_saga_of_another_version_waits_for_a_process_that_has_it(
    parcels: Any, run: Any, chassis: Any
) -> None:
    other = await parcels.start("other", parcels.NextParcelSaga)
    own = await parcels.start("own")
    await run("sagas", "retry", str(other), *BECAUSE, "--wait", "0")

    async with process(parcels):
        await chassis("sagas", "retry", str(own), *BECAUSE)
        assert await audit(chassis) == [("sagas.retry", "OPEN"), ("sagas.retry", "DONE")]
        async with process(parcels, parcels.NextParcelSaga):
            await eventually(lambda: _is(audit(chassis), [("sagas.retry", "DONE")] * 2))


async def test_an_open_action_can_be_withdrawn(parcels: Any, run: Any, chassis: Any) -> None:
    saga_id = await parcels.start("a")
    await run("sagas", "complete", str(saga_id), *BECAUSE, "--wait", "0")
    [action] = await chassis("audit", "--outcome", "open")

    withdrawn = await run("sagas", "withdraw", str(action["id"]), "--reason", "no", "--by", "bob")
    again = await run("sagas", "withdraw", str(action["id"]), "--reason", "no")

    assert (withdrawn.exit_code, again.exit_code) == (0, 1)
    [kept] = await chassis("audit")
    assert (kept["outcome"], kept["error"]) == ("REFUSED", "withdrawn by bob: no")


async def test_a_dry_run_and_a_confirmation_that_is_not_given_do_nothing(
    parcels: Any, run: Any, chassis: Any
) -> None:
    await parcels.start("a")

    [planned] = await chassis("sagas", "complete", "--type", "Parcel", "--dry-run")
    declined = await run("sagas", "complete", "--type", "Parcel", *BECAUSE)
    nothing_fits = await run("sagas", "complete", "--type", "Letter", *BECAUSE)

    assert planned["subject"] == "a"
    assert declined.exit_code == 1
    assert nothing_fits.exit_code == 0
    assert await audit(chassis) == []


async def test_sagas_have_to_be_chosen_and_to_be_there_and_a_reason_given(
    parcels: Any, run: Any, chassis: Any
) -> None:
    known, unknown = await parcels.start("a"), uuid4()

    everything = await run("sagas", "complete", "--yes", *BECAUSE)
    without_reason = await run("sagas", "complete", str(known))
    one_unknown = await run("sagas", "complete", str(known), str(unknown), *BECAUSE)

    assert (everything.exit_code, without_reason.exit_code, one_unknown.exit_code) == (2, 2, 1)
    assert str(unknown) in one_unknown.output
    assert await audit(chassis) == []


async def test_a_database_that_was_away_is_looked_into_again(
    fresh_postgres_server: Any, open_parcels: Any, run: Any
) -> None:
    url = fresh_postgres_server.create_database("parcels").url
    async with open_parcels(url) as parcels:
        saga_id = await parcels.start("a")
        async with process(parcels):
            with capture_logs() as logs:
                await asyncio.to_thread(fresh_postgres_server.stop)
                await eventually(lambda: [line["event"] for line in logs])
                await asyncio.to_thread(fresh_postgres_server.start)
            asked = await run("sagas", "retry", str(saga_id), *BECAUSE, url=url)

        assert asked.exit_code == 0, asked.output
        assert await parcels.sent() == ["BookVan", "BookVan"]
    assert {line["event"] for line in logs} == {"operators' actions are not reachable"}
