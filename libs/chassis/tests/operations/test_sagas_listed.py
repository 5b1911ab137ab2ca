"""What operators see of sagas."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis.operations import saga_list
from chassis.operations.saga_timeline import timeline

pytestmark = pytest.mark.real


async def ids(chassis: Any, *words: str) -> list[str]:
    return [saga["subject"] for saga in await chassis("sagas", "list", *words)]


async def change(connection: Any, saga_id: UUID, assignments: str) -> None:
    await connection.execute(f"UPDATE saga_instances SET {assignments} WHERE saga_id = $1", saga_id)


END = "state = 'COMPLETED', step = NULL, wake_at = NULL, due_at = NULL, ended_at = now()"
PARK = "state = 'NEEDS_ATTENTION', wake_at = NULL, due_at = NULL, error = 'Van 7 is 100% lost'"


async def test_what_has_not_ended_is_listed_the_oldest_first_and_page_by_page(
    parcels: Any, connection: Any, chassis: Any
) -> None:
    await change(connection, await parcels.start("ended"), END)
    await change(connection, await parcels.start("parked"), PARK)
    await change(connection, await parcels.start("paused"), "paused_at = now(), wake_at = NULL")
    await change(connection, await parcels.start("unwoken"), "wake_at = NULL, due_at = NULL")
    await parcels.start("running")

    assert await ids(chassis) == ["parked", "paused", "unwoken", "running"]
    assert await ids(chassis, "--newest-first") == ["running", "unwoken", "paused", "parked"]
    assert await ids(chassis, "--paused") == ["paused"]
    first, second = await chassis("sagas", "list", "--limit", "2")
    assert await ids(chassis, "--after", second["saga_id"]) == ["unwoken", "running"]
    assert await ids(chassis, "--newest-first", "--after", second["saga_id"]) == ["parked"]
    assert (first["state"], first["step"], first["version"]) == ("NEEDS_ATTENTION", "book_van", 1)


async def test_sagas_are_found_by_type_version_state_step_subject_age_and_error(
    parcels: Any, connection: Any, chassis: Any
) -> None:
    await change(connection, await parcels.start("ended"), END)
    await change(connection, await parcels.start("parked"), PARK)
    await parcels.start("next", parcels.NextParcelSaga)
    old = await parcels.start("old")
    await change(connection, old, "created_at = now() - interval '3 hours'")

    assert await ids(chassis, "--type", "Letter") == []
    assert await ids(chassis, "--type", "Parcel", "--version", "2") == ["next"]
    assert await ids(chassis, "--state", "completed") == ["ended"]
    assert await ids(chassis, "--state", "RUNNING", "--state", "NEEDS_ATTENTION") == [
        "parked",
        "next",
        "old",
    ]
    assert await ids(chassis, "--step", "dispatch") == ["next"]
    assert await ids(chassis, "--subject", "ended") == ["ended"]
    assert await ids(chassis, "--older-than", "2h") == ["old"]
    assert await ids(chassis, "--error", "van 7 is 100%") == ["parked"]
    assert await ids(chassis, "--error", "_") == []


async def test_sagas_that_fail_while_they_run_and_those_past_their_time_are_found(
    parcels: Any, connection: Any, chassis: Any
) -> None:
    await parcels.start("well")
    await change(connection, await parcels.start("parked"), PARK)
    await change(connection, await parcels.start("retried"), "attempt = 2")
    await change(connection, await parcels.start("refused"), "error = 'no'")
    await change(connection, await parcels.start("late"), "due_at = now() - interval '1s'")
    past_deadline = await parcels.start("past its deadline")
    await connection.execute(
        "INSERT INTO saga_log (saga_id, at, kind, attempt) VALUES ($1, now(), 'deadline', 1)",
        past_deadline,
    )

    assert await ids(chassis, "--failing") == ["retried", "refused"]
    assert await ids(chassis, "--overdue") == ["late", "past its deadline"]


async def test_a_filter_is_a_value_and_never_sql(parcels: Any, chassis: Any) -> None:
    await parcels.start("a")

    for option in ("--type", "--step", "--subject", "--error"):
        assert await ids(chassis, option, "x' OR 'x'='x") == []


@pytest.mark.parametrize(
    "words",
    [
        ("--older-than", "soon"),
        ("--older-than", "99999999999d"),
        ("--state", "BROKEN"),
        ("--after", "7"),
        ("--limit", "0"),
    ],
    ids=" ".join,
)
async def test_a_filter_that_makes_no_sense_is_refused(
    tables: Any, run: Any, words: tuple[str, ...]
) -> None:
    assert (await run("sagas", "list", *words)).exit_code == 2


async def test_one_saga_is_shown_with_what_happened_and_how_long_each_answer_took(
    parcels: Any, connection: Any, chassis: Any
) -> None:
    saga_id = await parcels.start("a")
    await connection.execute(
        """
        INSERT INTO saga_log (saga_id, at, kind, step, direction, attempt, outcome, detail)
        SELECT saga_id, at + interval '1500 ms', 'refusal', step, direction, attempt, 'refused',
               'van.NoVan.v1'
        FROM saga_log WHERE kind = 'command'
        """
    )

    told = await chassis("sagas", "show", str(saga_id))

    assert [entry["kind"] for entry in told["log"]] == ["started", "local", "command", "refusal"]
    assert [entry["seconds"] for entry in told["log"]] == [None, None, None, 1.5]
    assert (told["subject"], told["step"], told["done"]) == ("a", "book_van", ["pack"])
    assert told["remaining"] is None


async def test_the_steps_to_come_are_shown_where_the_definition_is_known(
    parcels: Any, connection: Any
) -> None:
    forward = await parcels.start("forward")
    back = await parcels.start("back")
    await change(
        connection,
        back,
        "state = 'COMPENSATING', direction = 'compensation', done = '[\"pack\", \"book_van\"]'",
    )
    unknown = await parcels.start("unknown", parcels.NextParcelSaga)
    definitions = (parcels.ParcelSaga,)

    async def to_come(saga_id: UUID) -> Any:
        return (await timeline(connection, saga_id, definitions))["remaining"]

    assert await to_come(forward) == [
        {"step": "insure", "kind": "pivot", "may_be_skipped": True},
        {"step": "dispatch", "kind": "retriable", "may_be_skipped": False},
    ]
    assert await to_come(back) == [{"step": "pack", "kind": "undo", "may_be_skipped": False}]
    assert await to_come(unknown) is None


async def test_people_read_tables_that_nothing_in_them_can_break(
    parcels: Any, connection: Any, run: Any
) -> None:
    saga_id = await parcels.start("a[/red]\x1b[2J")
    await change(connection, saga_id, "error = E'[bold]lost\\x1b]0;x\\x07', attempt = 3")

    for words in (("list",), ("show", str(saga_id))):
        printed = await run("sagas", *words)
        assert printed.exit_code == 0, printed.output
        assert str(saga_id) in printed.output
        assert "[bold]lost" in printed.output
        assert "\x1b[2J" not in printed.output
        assert "\x07" not in printed.output


async def test_a_saga_that_is_not_there_is_said_with_where_to_look(tables: Any, run: Any) -> None:
    refused = await run("sagas", "show", str(uuid4()))

    assert refused.exit_code == 1
    assert "`chassis sagas list` shows those" in " ".join(refused.output.split())


async def test_a_package_that_is_not_installed_is_said(parcels: Any, run: Any) -> None:
    saga_id = await parcels.start("a")

    refused = await run("sagas", "show", str(saga_id), "--package", "nowhere_service")

    assert refused.exit_code != 0
    assert "nowhere_service" in refused.output


async def test_what_has_not_ended_is_found_by_indexes_among_many_that_have(
    parcels: Any, connection: Any
) -> None:
    await connection.execute(
        """
        INSERT INTO saga_instances (saga_id, saga_type, definition_version, subject_key, data,
            state, direction, attempt, done, version, created_at, updated_at, ended_at)
        SELECT gen_random_uuid(), 'Parcel', 1, n::text, '{}', 'COMPLETED', 'action', 0, '[]', 9,
               now(), now(), now()
        FROM generate_series(1, 20000) AS n
        """
    )
    await parcels.start("a")
    await connection.execute("ANALYZE saga_instances")
    seen: list[str] = []

    class Explaining:
        async def fetch(self, statement: str, *values: Any) -> list[Any]:
            plan = await connection.fetch(f"EXPLAIN {statement}", *values)
            seen.append("\n".join(line for (line,) in plan))
            return []

    for wanted in (
        saga_list.SagaFilter(),
        saga_list.SagaFilter(saga_type="Parcel", step="book_van"),
        saga_list.SagaFilter(failing=True),
        saga_list.SagaFilter(paused=True),
        saga_list.SagaFilter(states=(saga_list.SagaState.RUNNING,)),
        saga_list.SagaFilter(overdue=True),
        saga_list.SagaFilter(created_before=datetime.now(UTC), error="lost"),
        saga_list.SagaFilter(subject="17", states=tuple(saga_list.SagaState)),
    ):
        await saga_list.list_sagas(Explaining(), wanted, 50)  # type: ignore[arg-type]

    assert not [plan for plan in seen if "Seq Scan on saga_instances" in plan]
    assert not [plan for plan in seen if "saga_instances_pkey" in plan]


async def test_the_steps_of_a_group_are_to_come_one_by_one(parcels: Any, connection: Any) -> None:
    saga = parcels.PairSaga
    forward = await parcels.start("forward", saga)
    back = await parcels.start("back", saga)
    await change(
        connection,
        back,
        "state = 'COMPENSATING', direction = 'compensation', step = 'both', "
        'done = \'["pack", "book_van", "book_pilot"]\', '
        'branches = \'[{"step": "book_van"}]\'',
    )

    async def to_come(saga_id: UUID) -> list[str]:
        told = await timeline(connection, saga_id, (saga,))
        return [step["step"] for step in told["remaining"]]

    waits_for_group = await timeline(connection, forward, (saga,))
    assert waits_for_group["step"] == "both"
    assert {branch["step"] for branch in waits_for_group["branches"]} == {"book_van", "book_pilot"}
    assert await to_come(forward) == ["dispatch"]
    assert await to_come(back) == ["book_pilot", "pack"]
