"""What an operator does about messages that were given up or could not be sent."""

import asyncio
import json
from typing import Any

import pytest
from typer.testing import CliRunner

from chassis.cli import app
from devkit.eventually import eventually


@pytest.fixture
def run(database: Any) -> Any:
    """Runs `chassis …` on the test's database, whatever comes of it."""

    async def run(*words: str) -> Any:
        # in a thread, for the command has an event loop of its own
        return await asyncio.to_thread(
            CliRunner().invoke, app, [*words], env={"DATABASE_URL": database.url}
        )

    return run


@pytest.fixture
def chassis(run: Any) -> Any:
    """Runs `chassis …`, which has to succeed; returns what it prints as JSON."""

    async def chassis(*words: str) -> Any:
        result = await run(*words)
        assert result.exit_code == 0, result.output
        # a service that runs in this process logs to the same place
        printed = [line for line in result.stdout.splitlines() if line.startswith(("[", "{"))]
        return json.loads(printed[-1]) if printed else None

    return chassis


BECAUSE = ("--reason", "the handler is mended")


async def dead(ledger: Any, note: Any, notes: dict[str, range | list[int]]) -> None:
    """Letters of these accounts and numbers, dead in the order of their numbers."""
    expected = sum(len(numbers) for numbers in notes.values())
    ledger.failing = {number: 6 for numbers in notes.values() for number in numbers}
    await ledger.start()
    for account, numbers in notes.items():
        for number in numbers:
            await ledger.send(note(account, number))
    await eventually(
        lambda: ledger.rows(f"SELECT 1 FROM dead_letters HAVING count(*) = {expected}")
    )
    ledger.failing = {}


async def test_dead_letters_are_handled_in_waves_that_grow_each_key_in_order(
    ledger: Any, note: Any, chassis: Any
) -> None:
    await dead(ledger, note, {"a": range(1, 7), "b": range(7, 13)})
    [group] = await chassis("dead-letters", "groups", "--json")
    planned = await chassis("dead-letters", "redrive", "--dry-run", "--json")

    done = await chassis("dead-letters", "redrive", "--group", group["group"], *BECAUSE, "--json")

    assert (group["wire_type"], group["letters"], group["keys"]) == ("ledger.Note.v1", 12, 2)
    assert group["error"] == "RuntimeError: <n> is made to fail"
    assert planned == {"letters": 12, "redrivable": 12, "keys": 2, "waves": [1, 2, 5, 4]}
    assert [wave["size"] for wave in done["waves"]] == [1, 2, 5, 4]
    assert (done["handled"], done["failed"], done["stopped"]) == (12, 0, None)
    assert await ledger.notes("a") == list(range(1, 7))
    assert await ledger.notes("b") == list(range(7, 13))
    assert await chassis("dead-letters", "list", "--json") == []
    kept = await chassis("audit", "--action", "dead-letters.", "--json")
    assert [len(one["arguments"]["letters"]) for one in kept] == [4, 5, 2, 1]


async def test_a_letter_that_fails_again_stops_the_redrive_and_leaves_the_rest_untouched(
    ledger: Any, note: Any, run: Any, chassis: Any
) -> None:
    await dead(ledger, note, {"a": [1], "b": [2], "c": [3], "d": range(4, 10)})
    ledger.failing = {3: 100}

    stopped = await run("dead-letters", "redrive", *BECAUSE, "--json")

    done = json.loads(stopped.stdout.splitlines()[-1])
    assert stopped.exit_code == 1
    assert (done["redriven"], done["failed"]) == (3, 1)
    assert "3 is made to fail" in done["stopped"]
    assert await chassis("dead-letters", "redrive", "--key", "d", "--dry-run", "--json") == {
        "letters": 6,
        "redrivable": 6,
        "keys": 1,
        "waves": [1, 2, 3],
    }
    ledger.failing = {}
    again = await chassis("dead-letters", "redrive", *BECAUSE, "--json")
    assert again["stopped"] is None
    await eventually(lambda: _notes_are(ledger, list(range(1, 10))))


async def _notes_are(ledger: Any, numbers: list[int]) -> bool:
    return sorted(await ledger.notes()) == numbers


async def test_where_some_may_fail_the_others_go_on_and_nothing_overtakes_in_a_key(
    ledger: Any, note: Any, run: Any, chassis: Any
) -> None:
    await dead(ledger, note, {"a": [1, 2, 3], "b": [4, 5, 6, 7]})
    ledger.failing = {1: 100}

    stopped = await run(
        "dead-letters", "redrive", *BECAUSE, "--max-errors", "1", "--at-once", "1", "--json"
    )

    done = json.loads(stopped.stdout.splitlines()[-1])
    assert (stopped.exit_code, done["handled"], done["failed"]) == (0, 4, 1)
    assert await ledger.notes() == [4, 5, 6, 7]
    left = await chassis("dead-letters", "list", "--key", "a", "--json")
    assert {"2", "3"} <= {letter["error"].split()[1] for letter in left}


async def test_a_consumer_that_does_not_run_is_said_and_nothing_is_lost(
    ledger: Any, note: Any, run: Any
) -> None:
    await dead(ledger, note, {"a": [1], "b": [2, 3]})
    for runtime in ledger.runtimes:
        await runtime.stop()

    waited = await run("dead-letters", "redrive", *BECAUSE, "--patience", "1")

    assert waited.exit_code == 3
    assert "1 of this wave still wait to be handled" in " ".join(waited.output.split())
    await ledger.start()
    await eventually(ledger.notes)
    assert await ledger.notes() == [1]


async def test_all_may_go_at_once_and_unwatched(ledger: Any, note: Any, chassis: Any) -> None:
    await dead(ledger, note, {"a": [1, 2], "b": [3]})

    entered = await chassis(
        "dead-letters", "redrive", "--no-watch", "--key", "a", *BECAUSE, "--json"
    )

    assert entered == {"redriven": 2}
    await eventually(lambda: _notes_are(ledger, [1, 2]))


async def test_an_archived_letter_is_not_redriven(
    ledger: Any, note: Any, run: Any, chassis: Any
) -> None:
    await dead(ledger, note, {"a": [1, 2]})
    first, second = await chassis("dead-letters", "list", "--json")

    declined = await run("dead-letters", "archive", "--consumer", first["consumer"], *BECAUSE)
    await chassis("dead-letters", "archive", str(first["id"]), *BECAUSE)
    again = await run("dead-letters", "archive", str(first["id"]), str(second["id"]), *BECAUSE)

    assert (declined.exit_code, again.exit_code) == (1, 1)
    assert f"{first['id']}: no open dead letter" in " ".join(again.output.split())
    assert [one["id"] for one in await chassis("dead-letters", "list", "--json")] == [second["id"]]
    archived = await chassis(
        "dead-letters", "archive", "--group", second["group"], "--yes", *BECAUSE, "--json"
    )
    assert archived == {"archived": 1}
    assert (await chassis("dead-letters", "redrive", *BECAUSE, "--json"))["redriven"] == 0


async def test_a_parked_key_is_listed_and_released(ledger: Any, chassis: Any) -> None:
    async with ledger.database.engine.begin() as connection:
        await connection.exec_driver_sql(
            "INSERT INTO outbox_parked (key, outbox_id, message_id, subject, error, attempts) "
            "VALUES ('a', 1, gen_random_uuid(), 'nowhere.events.X.0', 'no stream', 5)"
        )

    [parked] = await chassis("outbox", "parked", "--json")
    await chassis("outbox", "release", "a", "--reason", "test")

    assert (parked["key"], parked["error"], parked["rows_waiting"]) == ("a", "no stream", 0)
    assert await chassis("outbox", "parked", "--json") == []
