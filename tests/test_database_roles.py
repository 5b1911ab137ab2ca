"""Which database role enters which database, and what a relay's may do there."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager

import asyncpg
import pytest

from chassis.persistence.migrations import upgrade
from devkit.deployables import with_database, with_relay
from devkit.embedded.postgres import Database, PostgresServer, relay_role_of

PACKAGES = tuple(one.package for one in with_database())
RELAYED = tuple(one.package for one in with_relay())


@pytest.fixture(scope="module")
def databases(postgres_server: PostgresServer) -> Iterator[Mapping[str, Database]]:
    """Every service's database as `chassis migrate` leaves it."""
    created = {name: postgres_server.create_database(name) for name in PACKAGES}
    for name, database in created.items():
        upgrade(name, database.url)
    yield created
    for name in PACKAGES:
        postgres_server.drop_database(name)


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def enters(url: str, database: str) -> bool:
    try:
        async with connected(url.rpartition("/")[0] + f"/{database}"):
            return True
    except asyncpg.InsufficientPrivilegeError:
        return False


async def test_every_role_enters_its_own_database_and_no_other(databases: Mapping[str, Database]):
    roles = {database.name: database.url for database in databases.values()}
    roles |= {relay_role_of(database.name): database.relay_url for database in databases.values()}

    entered = {
        role: {name for name in databases if await enters(roles[role], name)} for role in roles
    }

    assert entered == {
        **{name: {name} for name in databases},
        **{relay_role_of(database.name): {name} for name, database in databases.items()},
    }


@pytest.mark.parametrize("package", PACKAGES)
async def test_a_service_owns_its_database_and_is_nothing_beyond(
    databases: Mapping[str, Database], package: str
):
    async with connected(databases[package].url) as connection:
        owned = await connection.fetch(
            "SELECT datname FROM pg_database WHERE pg_has_role(datdba, 'USAGE')"
        )
        powers = await connection.fetchrow(
            "SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls "
            "FROM pg_roles WHERE rolname = current_user"
        )
    assert [name for (name,) in owned] == [package]
    assert not any(powers)


@pytest.mark.parametrize("package", RELAYED)
async def test_a_relay_has_rights_on_the_outbox_and_nowhere_else(
    databases: Mapping[str, Database], package: str
):
    async with connected(databases[package].relay_url) as connection:
        rights = await connection.fetch(
            "SELECT relname, right_ FROM pg_class, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', "
            "'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS right_ "
            "WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'm', 'p') "
            "AND has_table_privilege(oid, right_)"
        )
    assert {tuple(right) for right in rights} == {
        *(("outbox", "SELECT"), ("outbox", "DELETE")),
        *(("outbox_parked", "SELECT"), ("outbox_parked", "INSERT")),
    }


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM orders",
        "SELECT * FROM saga_instances",
        "SELECT * FROM dead_letters",
        "INSERT INTO outbox (key) VALUES ('k')",
        "UPDATE outbox SET subject = 'order.events.OrderApproved.0'",
        "DELETE FROM outbox_parked",
        "TRUNCATE outbox",
        "SELECT nextval('outbox_id_seq')",
        "CREATE TABLE loot (id int)",
        "CREATE TEMPORARY TABLE loot (id int)",
    ],
)
async def test_a_relay_is_refused_what_is_not_its_business(
    databases: Mapping[str, Database], statement: str
):
    async with connected(databases["order_service"].relay_url) as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)


async def test_rights_that_are_no_longer_granted_are_taken_back(databases: Mapping[str, Database]):
    database = databases["order_service"]
    async with connected(database.url) as owner:
        await owner.execute(f"GRANT SELECT ON orders TO {relay_role_of(database.name)}")

    await asyncio.to_thread(upgrade, database.name, database.url)

    async with connected(database.relay_url) as relay:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await relay.execute("SELECT * FROM orders")
