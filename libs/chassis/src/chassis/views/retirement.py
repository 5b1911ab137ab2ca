"""What becomes of generations that are not read any more: retired, and dropped when nobody can be
reading them.
"""

from typing import Any, Final

import structlog
from sqlalchemy import text

from chassis.persistence.database import Database, fetch_all
from chassis.views.generations import Generation
from chassis.views.view import View

log = structlog.get_logger(__name__)

_INBOX_ROWS: Final = 20_000

_HOLD: Final = """
UPDATE view_generations SET held_at = clock_timestamp()
WHERE view = $1 AND version = $2 AND state <> 'RETIRED'
  AND held_at < clock_timestamp() - interval '1 minute'
"""
# A version that is rolled back to within this time is there at once.
_RETIRE_UNHELD: Final = """
UPDATE view_generations SET state = 'RETIRED', retired_at = clock_timestamp(), waits_for = NULL
WHERE view = $1 AND version <> $2 AND state <> 'RETIRED'
  AND held_at < clock_timestamp() - interval '15 minutes'
  AND EXISTS (SELECT FROM view_generations
              WHERE view = $1 AND version = $2 AND state = 'LIVE')
RETURNING generation
"""
# Only a transaction that is begun after the retirement is seen cannot have chosen the generation.
_SEE_RETIRED: Final = """
UPDATE view_generations SET drop_after = clock_timestamp()
WHERE view = $1 AND state = 'RETIRED' AND drop_after IS NULL
"""
_UNREAD: Final = """
SELECT generation FROM view_generations
WHERE view = $1 AND state = 'RETIRED' AND dropped_at IS NULL AND drop_after IS NOT NULL
  AND NOT EXISTS (
      SELECT FROM pg_stat_activity
      WHERE datname = current_database() AND backend_type = 'client backend'
        AND pid <> pg_backend_pid() AND xact_start <= drop_after
  )
ORDER BY generation
"""
# From here on nothing can be applied to it any more.
_FORGET_CHECKPOINTS: Final = """
DELETE FROM view_checkpoints WHERE view = $1 AND generation = $2
"""
_DROP: Final = """
WITH archived AS (
    UPDATE dead_letters SET archived_at = clock_timestamp()
    WHERE consumer = $1 || '@' || $2::int AND redriven_at IS NULL AND archived_at IS NULL
)
UPDATE view_generations SET dropped_at = clock_timestamp() WHERE view = $1 AND generation = $2
"""
_FORGET_INBOX: Final = f"""
DELETE FROM received_messages WHERE consumer = $1 AND message_id IN (
    SELECT message_id FROM received_messages WHERE consumer = $1 LIMIT {_INBOX_ROWS}
) RETURNING 1
"""  # noqa: S608 - a constant


async def tidy(database: Database, view: View) -> None:
    """Say that this version is held, retire versions that nobody holds, drop what is not read."""
    await _run(database, _HOLD, view.name, view.version)
    for row in await _run(database, _RETIRE_UNHELD, view.name, view.version):
        log.info("view retired: nobody holds its version", view=f"{view.name}@{row.generation}")
    await _run(database, _SEE_RETIRED, view.name)
    for row in await _run(database, _UNREAD, view.name):
        await _drop(database, Generation(view.name, row.generation))


async def _drop(database: Database, generation: Generation) -> None:
    await _run(database, _FORGET_CHECKPOINTS, generation.view, generation.number)
    while len(await _run(database, _FORGET_INBOX, generation.consumer)) == _INBOX_ROWS:
        pass
    async with database.sessions.begin() as session:
        await session.execute(text("SET LOCAL lock_timeout = '2s'"))
        await fetch_all(session, _DROP, generation.view, generation.number)
        await session.execute(text(f"DROP SCHEMA IF EXISTS {generation.schema} CASCADE"))
    log.info("view dropped", view=generation.consumer)


async def _run(database: Database, statement: str, *arguments: Any) -> Any:
    async with database.sessions.begin() as session:
        return await fetch_all(session, statement, *arguments)
