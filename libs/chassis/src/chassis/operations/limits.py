"""Bounds of what operators' statements may cost a service that may be in trouble already."""

from typing import Final

import asyncpg

_LIMITS: Final = "SET LOCAL statement_timeout = '30s'; SET LOCAL lock_timeout = '10s'"


async def limited(connection: asyncpg.Connection) -> None:
    """Bound how long the statements of the transaction in hand may take."""
    await connection.execute(_LIMITS)
