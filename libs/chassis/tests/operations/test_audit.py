"""The audit of what operators do, and what commands say of a database that they cannot use."""

import getpass
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from chassis.operations.audit import Operator, audited
from chassis.operations.interventions import request
from chassis.sagas.happened import Intervention

pytestmark = pytest.mark.real


async def test_actions_are_found_by_what_they_were_about_who_did_them_and_what_came_of_them(
    connection: Any, chassis: Any
) -> None:
    await audited(connection, "outbox.release", "a", "mended", by="ada", arguments={"n": 1})
    await audited(connection, "locks.release", "b", "the holder is gone", by="bob")
    saga = {"saga_id": uuid4(), "state": "NEEDS_ATTENTION", "step": "pay", "direction": "action"}
    bob = Operator(by="bob", reason="again")
    await request(connection, Intervention.RETRY, [saga], bob)
    asked = str(saga["saga_id"])

    async def found(*words: str) -> list[str]:
        return [action["target"] for action in await chassis("audit", *words)]

    assert await found() == [asked, "b", "a"]
    assert await found("--target", "a") == ["a"]
    assert await found("--by", "bob") == [asked, "b"]
    assert await found("--action", "locks.") == ["b"]
    assert await found("--outcome", "open") == [asked]
    assert await found("--since", "1h", "--limit", "1") == [asked]
    [newest] = await chassis("audit", "--limit", "1")
    assert await found("--before", str(newest["id"])) == ["b", "a"]


async def test_an_action_is_kept_or_forgotten_with_what_is_done(
    connection: Any, chassis: Any
) -> None:
    transaction = connection.transaction()
    await transaction.start()
    await audited(connection, "outbox.release", "a", "mended", by="ada")
    await transaction.rollback()

    assert await chassis("audit") == []


@pytest.mark.parametrize(("reason", "by"), [("", "ada"), ("  ", "ada"), ("why", " ")])
async def test_the_database_itself_takes_no_action_without_a_name_and_a_reason(
    connection: Any, reason: str, by: str
) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await audited(connection, "outbox.release", "a", reason, by=by)


async def test_who_gives_no_name_is_the_user_of_the_operating_system(
    connection: Any, chassis: Any
) -> None:
    await connection.execute(
        "INSERT INTO outbox_parked (key, outbox_id, message_id, subject, error, attempts) "
        "VALUES ('a', 1, gen_random_uuid(), 's', 'e', 1)"
    )
    await chassis("outbox", "release", "a", "--reason", "mended")

    [kept] = await chassis("audit")
    assert kept["by"] == getpass.getuser()


COMMANDS = (
    ("audit",),
    ("outbox", "pending"),
    ("outbox", "parked"),
    ("outbox", "release", "a", "--reason", "r"),
    ("dead-letters", "list"),
    ("dead-letters", "groups"),
    ("dead-letters", "archive", "1", "--reason", "r"),
)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
async def test_a_schema_that_is_too_old_is_said_with_the_way_out(
    run: Any, words: tuple[str, ...]
) -> None:
    finished = await run(*words)

    assert finished.exit_code == 1
    assert "run `chassis migrate`" in " ".join(finished.output.split())


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
async def test_a_database_that_cannot_be_reached_is_said_without_its_password(
    run: Any, words: tuple[str, ...]
) -> None:
    finished = await run(*words, url="postgresql://owner:s3cret@127.0.0.1:1/nothing")

    assert finished.exit_code == 1
    assert "The database cannot be used" in finished.output
    assert "DATABASE_URL" in finished.output
    assert "s3cret" not in finished.output


async def test_a_number_that_is_too_large_is_said(tables: Any, run: Any) -> None:
    refused = await run("dead-letters", "list", "9" * 30)

    assert refused.exit_code == 1
    assert "A value does not fit" in refused.output
