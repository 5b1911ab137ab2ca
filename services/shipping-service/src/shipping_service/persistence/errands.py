"""The simulated carrier's errands, in the order in which they fall due."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.persistence.database import fetch_all
from shipping_service.carrier.errand import Errand, ErrandKind

_NEXT_DUE = "SELECT order_id, due_at FROM carrier_errands ORDER BY due_at, order_id LIMIT $1"

# What another process has in hand is left to it
_TAKE_DUE = """
WITH due AS MATERIALIZED (
    SELECT order_id FROM carrier_errands
    WHERE due_at <= $1 AND ($2::uuid IS NULL OR order_id = $2)
    ORDER BY due_at, order_id LIMIT $3
    FOR UPDATE SKIP LOCKED
)
DELETE FROM carrier_errands AS errand USING due WHERE errand.order_id = due.order_id
RETURNING errand.order_id, errand.kind, errand.due_at, errand.correlation_id, errand.causation_id,
          errand.trace
"""

_POSTPONE = "UPDATE carrier_errands SET due_at = $2 WHERE order_id = $1"


async def next_due(session: AsyncSession, limit: int) -> list[tuple[UUID, datetime]]:
    """The errands that fall due first, and when."""
    return [(row.order_id, row.due_at) for row in await fetch_all(session, _NEXT_DUE, limit)]


async def take_due(
    session: AsyncSession, now: datetime, limit: int, order_id: UUID | None
) -> Sequence[Errand]:
    """Take errands that are due out of the table, or one of them, with the caller's transaction."""
    rows = await fetch_all(session, _TAKE_DUE, now, order_id, limit)
    errands = [
        Errand(
            order_id=row.order_id,
            kind=ErrandKind(row.kind),
            due_at=row.due_at,
            correlation_id=row.correlation_id,
            causation_id=row.causation_id,
            trace=row.trace,
        )
        for row in rows
    ]
    return sorted(errands, key=lambda errand: (errand.due_at, errand.order_id))


async def postpone(session: AsyncSession, order_id: UUID, until: datetime) -> None:
    await fetch_all(session, _POSTPONE, order_id, until)
