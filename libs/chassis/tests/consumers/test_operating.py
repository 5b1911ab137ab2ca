"""What an operator does about messages that were given up or could not be sent."""

import asyncio
import json
from typing import Any

import pytest
from typer.testing import CliRunner

from chassis.cli import app
from devkit.eventually import eventually


@pytest.fixture
def chassis(database: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs `chassis …` on the test's database; returns what it prints as JSON."""
    monkeypatch.setenv("DATABASE_URL", database.url)

    async def run(*words: str) -> Any:
        # in a thread, for the command has an event loop of its own
        result = await asyncio.to_thread(CliRunner().invoke, app, [*words])
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout) if result.stdout else None

    return run


async def test_a_dead_letter_is_listed_and_handled_after_it_is_redriven(
    ledger: Any, note: Any, chassis: Any
) -> None:
    ledger.failing = {1: 6}
    await ledger.start()
    await ledger.send(note("a", 1))
    await eventually(lambda: ledger.rows("SELECT id FROM dead_letters"))

    [group] = await chassis("dead-letters", "groups", "--json")
    because = ("--reason", "it is mended")
    planned = await chassis("dead-letters", "redrive", "--dry-run", *because, "--json")
    ledger.failing = {}
    redriven = await chassis(
        "dead-letters", "redrive", "--containing", "made to fail", *because, "--json"
    )

    assert (group["wire_type"], group["letters"]) == ("ledger.Note.v1", 1)
    assert (len(planned), redriven) == (1, [{"key": "a"}])
    for runtime in ledger.runtimes:
        runtime._waiting.nudge()
    await eventually(lambda: ledger.rows("SELECT id FROM notes WHERE number = 1"))
    assert await chassis("dead-letters", "list", "--json") == []


async def test_an_archived_letter_is_not_redriven(ledger: Any, note: Any, chassis: Any) -> None:
    ledger.failing = {1: 6}
    await ledger.start()
    await ledger.send(note("a", 1))
    [letter] = await eventually(lambda: ledger.rows("SELECT id FROM dead_letters"))

    await chassis("dead-letters", "archive", str(letter.id), "--reason", "test")

    assert await chassis("dead-letters", "redrive", "--reason", "test", "--json") == []


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
