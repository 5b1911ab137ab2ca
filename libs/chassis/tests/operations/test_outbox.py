"""What an operator sees and does of an outbox, and that it is kept."""

from typing import Any

import asyncpg
import pytest

pytestmark = pytest.mark.real


async def add(connection: asyncpg.Connection, key: str, *, seconds_ago: int = 0) -> None:
    await connection.execute(
        """
        INSERT INTO outbox (message_id, shard, key, subject, headers, body, created_at)
        VALUES (gen_random_uuid(), 0, $1, 'shop.events.Sold.0', '', '',
                clock_timestamp() - make_interval(secs => $2))
        """,
        key,
        seconds_ago,
    )


async def park(connection: asyncpg.Connection, key: str, error: str = "no stream") -> None:
    await connection.execute(
        """
        INSERT INTO outbox_parked (key, outbox_id, message_id, subject, error, attempts)
        VALUES ($1, 1, gen_random_uuid(), 'shop.events.Sold.0', $2, 5)
        """,
        key,
        error,
    )


async def test_pending_keys_are_listed_with_how_long_they_have_waited(
    connection: Any, chassis: Any
) -> None:
    await add(connection, "late", seconds_ago=600)
    await add(connection, "late")
    await add(connection, "new")
    await park(connection, "late")

    late, new = await chassis("outbox", "pending")

    assert (late["key"], late["rows"], late["parked"]) == ("late", 2, True)
    assert late["oldest_seconds"] >= 600
    assert (new["key"], new["rows"], new["parked"]) == ("new", 1, False)
    assert await chassis("outbox", "pending", "--key", "new") == [new]


async def test_a_release_lets_the_key_go_and_is_kept_with_who_did_it_and_why(
    connection: Any, chassis: Any
) -> None:
    await add(connection, "a")
    await park(connection, "a")
    [parked] = await chassis("outbox", "parked")

    await chassis("outbox", "release", "a", "--reason", "the stream is there", "--by", "ada")

    assert (parked["key"], parked["rows_waiting"]) == ("a", 1)
    assert await chassis("outbox", "parked") == []
    [kept] = await chassis("audit")
    assert (kept["action"], kept["target"], kept["outcome"]) == ("outbox.release", "a", "DONE")
    assert (kept["by"], kept["reason"]) == ("ada", "the stream is there")
    assert kept["arguments"]["error"] == "no stream"


async def test_what_is_not_parked_is_not_released_and_nothing_is_kept(
    tables: Any, run: Any, chassis: Any
) -> None:
    refused = await run("outbox", "release", "b", "--reason", "try")

    assert refused.exit_code == 1
    assert "'b' is not parked; `chassis outbox parked` lists" in " ".join(refused.output.split())
    assert await chassis("audit") == []


@pytest.mark.parametrize("reason", [(), ("--reason", ""), ("--reason", "  ")])
async def test_a_release_needs_a_reason(
    connection: Any, run: Any, chassis: Any, reason: tuple[str, ...]
) -> None:
    await park(connection, "a")

    refused = await run("outbox", "release", "a", *reason)

    assert refused.exit_code == 2
    assert "--reason" in refused.output
    assert len(await chassis("outbox", "parked")) == 1


async def test_a_key_is_a_value_and_never_sql(connection: Any, run: Any, chassis: Any) -> None:
    await park(connection, "a")

    await run("outbox", "release", "a' OR 'a'='a", "--reason", "x'); DROP TABLE outbox; --")

    assert len(await chassis("outbox", "parked")) == 1


async def test_an_error_that_quotes_markup_and_escapes_steers_no_terminal(
    connection: Any, run: Any
) -> None:
    await park(connection, "a", error="[red]\x1b[2J\x1b]0;owned\x07 [/nothing]")

    listed = await run("outbox", "parked")

    assert listed.exit_code == 0
    assert "\x1b]" not in listed.output
    assert "\x1b[2J" not in listed.output
    assert "\x07" not in listed.output
    assert "[red]" in listed.output
