"""The demo's PostgreSQL as its setup leaves it, run on a real one."""

import itertools
from pathlib import Path

import asyncpg
import pytest

from devkit.charts import Rendering
from devkit.embedded.postgres import PostgresServer

DATABASES = ("one_service", "two_service")


@pytest.fixture
def setup(demo: Rendering) -> str:
    script: str = demo.named("ConfigMap", "demo-postgresql")["data"]["database.sql"]
    return script


@pytest.fixture
def passwords(tmp_path: Path) -> Path:
    for database in DATABASES:
        (tmp_path / database).write_text(f"of {database}")
        (tmp_path / f"{database}_relay").write_text(f"of {database}_relay")
    return tmp_path


@pytest.fixture
def server(fresh_postgres_server: PostgresServer, setup: str, passwords: Path) -> PostgresServer:
    for _ in range(2):  # every start of the pod runs it again
        for database in DATABASES:
            variables = {"database": database, "secrets": str(passwords)}
            fresh_postgres_server.run_script(setup, variables)
    return fresh_postgres_server


async def connect(server: PostgresServer, role: str, database: str, password: str = ""):
    return await asyncpg.connect(
        host="127.0.0.1",
        port=server.port,
        user=role,
        password=password or f"of {role}",
        database=database,
    )


@pytest.mark.real
async def test_roles_reach_their_own_database_and_no_other(server: PostgresServer):
    for own, other in itertools.product(DATABASES, (*DATABASES, "postgres", "template1")):
        for role in (own, f"{own}_relay"):
            if own == other:
                connection = await connect(server, role, other)
                await connection.close()
            else:
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connect(server, role, other)


@pytest.mark.real
async def test_the_owner_makes_tables_and_its_relay_does_not(server: PostgresServer):
    owner = await connect(server, "one_service", "one_service")
    await owner.execute("CREATE TABLE things ()")
    await owner.close()
    relay = await connect(server, "one_service_relay", "one_service")
    for statement in ("CREATE TABLE mine ()", "SELECT FROM things", "CREATE TEMPORARY TABLE t ()"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await relay.execute(statement)
    await relay.close()


@pytest.mark.real
async def test_a_service_without_a_relay_has_no_role_for_one(
    fresh_postgres_server: PostgresServer, setup: str, tmp_path: Path
):
    (tmp_path / "quiet_service").write_text("of quiet_service")
    variables = {"database": "quiet_service", "secrets": str(tmp_path)}
    fresh_postgres_server.run_script(setup, variables)

    connection = await connect(fresh_postgres_server, "quiet_service", "quiet_service")
    roles = await connection.fetch("SELECT rolname FROM pg_roles WHERE rolname LIKE 'quiet%'")
    await connection.close()
    assert [role for (role,) in roles] == ["quiet_service"]


@pytest.mark.real
async def test_passwords_are_those_of_the_last_start(
    server: PostgresServer, setup: str, passwords: Path
):
    """A release that is installed again finds its old claim, and has new Secrets."""
    (passwords / "one_service").write_text("new")
    server.run_script(setup, {"database": "one_service", "secrets": str(passwords)})
    with pytest.raises(asyncpg.InvalidPasswordError):
        await connect(server, "one_service", "one_service")
    connection = await connect(server, "one_service", "one_service", "new")
    await connection.close()
