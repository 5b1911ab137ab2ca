import asyncio

import asyncpg
import pytest
from typer.testing import CliRunner

from chassis.cli import app
from chassis.persistence.migrations import missing_revisions, upgrade
from devkit.embedded.postgres import Database, PostgresServer

SERVICE = "order_service"


@pytest.fixture(scope="module")
def heads():
    return missing_revisions(SERVICE, set())


def run(database: Database, *arguments: str):
    return CliRunner().invoke(app, arguments, env={"DATABASE_URL": database.url})


def test_an_empty_database_lacks_the_newest_revision_of_service_and_chassis(heads):
    assert any(revision.startswith("chassis_") for revision in heads)
    assert any(revision.startswith("order_") for revision in heads)


def test_a_migrated_database_lacks_nothing(heads):
    assert not missing_revisions(SERVICE, heads)


def test_a_database_that_is_ahead_lacks_nothing_so_that_a_release_can_be_rolled_back(heads):
    ahead = {"chassis_9999" if revision.startswith("chassis_") else revision for revision in heads}
    assert not missing_revisions(SERVICE, ahead)
    assert not missing_revisions(SERVICE, {"chassis_9999", "order_9999"})


def test_a_database_that_is_ahead_in_one_branch_and_behind_in_the_other_is_behind():
    assert missing_revisions(SERVICE, {"chassis_9999"})


@pytest.mark.real
def test_a_pod_waits_until_the_schema_is_there(database):
    assert run(database, "wait-for-schema", SERVICE).exit_code == 1
    assert run(database, "migrate", SERVICE).exit_code == 0
    assert run(database, "wait-for-schema", SERVICE).exit_code == 0


@pytest.mark.real
def test_waiting_says_what_to_do(database):
    assert "alembic_version" in run(database, "wait-for-schema", SERVICE).output


@pytest.mark.real
def test_a_relay_with_a_role_of_its_own_reaches_the_outbox_and_nothing_else(
    postgres_server: PostgresServer,
):
    owner, relay = (postgres_server.create_database(n) for n in ("granting", "granting_relay"))
    upgrade(SERVICE, owner.url)
    as_relay = relay.url.removesuffix(relay.name) + owner.name

    async def look() -> None:
        connection = await asyncpg.connect(owner.url)
        await connection.execute(f"GRANT CONNECT ON DATABASE {owner.name} TO {relay.name}")
        await connection.close()
        connection = await asyncpg.connect(as_relay)
        await connection.execute("DELETE FROM outbox")
        await connection.execute("SELECT FROM outbox_parked")
        for forbidden in (
            "SELECT FROM orders",
            "SELECT FROM received_messages",
            "DELETE FROM saga_instances",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(forbidden)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("CREATE TABLE mine ()")
        await connection.close()

    asyncio.run(look())
    for database in (owner, relay):
        postgres_server.drop_database(database.name)
