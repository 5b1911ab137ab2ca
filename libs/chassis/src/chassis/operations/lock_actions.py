"""Semantic locks for operators: who holds what, and taking it away from them."""

from typing import Any

import asyncpg

from chassis.locks.statements import HELD, RELEASE_WHOEVER_HOLDS, WAKE_FIRST
from chassis.operations.audit import Operator, audited
from chassis.operations.errors import NotThereError


async def held(
    connection: asyncpg.Connection, name: str | None, key: str | None, limit: int
) -> list[dict[str, Any]]:
    """The locks, those taken first before the others."""
    return [dict(row) for row in await connection.fetch(HELD, name, key, limit)]


async def release(
    connection: asyncpg.Connection, name: str, key: str, operator: Operator
) -> dict[str, Any]:
    """Take a lock away from its holder, and wake who waits first; raises NotThereError.

    Part of the caller's transaction, with its row in the audit.
    """
    await connection.execute(WAKE_FIRST, name, key)
    released = await connection.fetchrow(RELEASE_WHOEVER_HOLDS, name, key)
    if released is None:
        raise NotThereError(f"Nobody holds {name} {key}; `chassis locks list` shows what is held")
    told = dict(released)
    await audited(
        connection,
        "locks.release",
        f"{name} {key}",
        operator.reason,
        by=operator.by,
        arguments={"holder": told["holder"], "holder_type": told["holder_type"]},
    )
    return told
