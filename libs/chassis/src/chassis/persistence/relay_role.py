"""The relay's own database role: it empties the outbox and sees no business table."""

from typing import Any, Final

import asyncpg

from chassis.persistence.migrations import ONE_AT_A_TIME

# First everything is taken back, so that a right that a release no longer grants is gone.
_GRANTS: Final = (
    "REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {role}",
    "GRANT CONNECT ON DATABASE {database} TO {role}",
    "GRANT USAGE ON SCHEMA {schema} TO {role}",
    "GRANT SELECT, DELETE ON outbox TO {role}",
    "GRANT SELECT, INSERT ON outbox_parked TO {role}",
)
_NAMES: Final = """
SELECT quote_ident($1) AS role, quote_ident(current_database()) AS database,
       quote_ident(current_schema()) AS schema
WHERE EXISTS (SELECT FROM pg_roles WHERE rolname = $1)
"""


class UnknownRoleError(Exception):
    """There is no role of that name."""


async def grant_relay_role(database_url: str, role: str) -> None:
    """Let a role do what a relay does, as the owner of the migrated database; repeat it freely.

    Raises UnknownRoleError: only an administrator may create a role.
    """
    connection = await asyncpg.connect(database_url)
    try:
        async with connection.transaction():
            await _grant(connection, role)
    finally:
        await connection.close()


async def _grant(connection: Any, role: str) -> None:
    names = await connection.fetchrow(_NAMES, role)
    if names is None:
        raise UnknownRoleError(
            f"there is no database role {role}: create it, or leave RELAY_DATABASE_ROLE out and "
            "let the relay use the service's own role"
        )
    await connection.execute("SELECT pg_advisory_xact_lock($1)", ONE_AT_A_TIME)
    for statement in _GRANTS:
        await connection.execute(statement.format(**names))
