"""`chassis dead-letters …`: what consumers gave up, and having it handled after all."""

from typing import Annotated, Any

import asyncpg
import typer

from chassis.operations.audit import Operator, audited
from chassis.operations.database import console, fetch, on_database, show
from chassis.operations.errors import NotThereError
from chassis.operations.options import AsJson, By, DryRun, Limit, Reason

app = typer.Typer(no_args_is_help=True, help=__doc__)

Containing = Annotated[str, typer.Option(help="Only letters whose error contains this text.")]

_OPEN = """
redriven_at IS NULL AND archived_at IS NULL AND position($1 IN error) > 0
"""
_LIST = f"""
SELECT id, consumer, key, wire_type, reason, error, attempts, dead_at
FROM dead_letters WHERE {_OPEN} ORDER BY id LIMIT $2
"""  # noqa: S608 - a constant
_GROUPS = f"""
SELECT consumer, wire_type, reason, left(error, 120) AS error, count(*) AS letters,
       min(dead_at) AS first, max(dead_at) AS last
FROM dead_letters WHERE {_OPEN} GROUP BY 1, 2, 3, 4 ORDER BY letters DESC LIMIT $2
"""  # noqa: S608 - a constant
# What has no readable headers cannot be handled whoever tries: it can only be archived. Nor can a
# view's (`<view>@<generation>`): other events of its key have passed it, so the view is rebuilt.
_REDRIVABLE = f"""
SELECT id FROM dead_letters
WHERE {_OPEN} AND reason <> 'malformed' AND position('@' IN consumer) = 0
ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED
"""  # noqa: S608 - a constant
_REDRIVE = f"""
WITH chosen AS ({_REDRIVABLE}), marked AS (
    UPDATE dead_letters SET redriven_at = clock_timestamp()
    FROM chosen WHERE dead_letters.id = chosen.id RETURNING dead_letters.*
)
INSERT INTO deferred_messages (consumer, key, message_id, wire_type, subject, headers, body, reason,
                               attempts, next_attempt_at)
SELECT consumer, key, message_id, wire_type, subject, headers, body, 'redriven', 0,
       clock_timestamp()
FROM marked ORDER BY id RETURNING key
"""  # noqa: S608 - a constant
_ARCHIVE = """
UPDATE dead_letters SET archived_at = clock_timestamp()
WHERE id = $1 AND redriven_at IS NULL AND archived_at IS NULL RETURNING id
"""


@app.command("list")
def list_letters(
    *, containing: Containing = "", limit: Limit = 50, as_json: AsJson = False
) -> None:
    """List dead letters, oldest first."""
    show("dead letters", fetch(_LIST, containing, limit), as_json=as_json)


@app.command()
def groups(*, containing: Containing = "", limit: Limit = 50, as_json: AsJson = False) -> None:
    """Count dead letters by consumer, type and error."""
    show("groups of dead letters", fetch(_GROUPS, containing, limit), as_json=as_json)


@app.command()
def redrive(
    *,
    containing: Containing = "",
    limit: Limit = 50,
    dry_run: DryRun = False,
    reason: Reason,
    by: By,
    as_json: AsJson = False,
) -> None:
    """Have dead letters handled again by their own consumer, oldest first, each key in order.

    They wait like any message that failed, so what fails again is a dead letter again.
    """
    if dry_run:
        show("would be redriven", fetch(_REDRIVABLE, containing, limit), as_json=as_json)
        return
    operator = Operator(by=by, reason=reason)

    async def redrive_chosen(connection: asyncpg.Connection) -> list[dict[str, Any]]:
        rows = [dict(row) for row in await connection.fetch(_REDRIVE, containing, limit)]
        about = {"containing": containing, "limit": limit, "letters": len(rows)}
        if rows:
            await audited(
                connection,
                "dead-letters.redrive",
                containing,
                operator.reason,
                by=operator.by,
                arguments=about,
            )
        return rows

    show("redriven", on_database(redrive_chosen), as_json=as_json)


@app.command()
def archive(
    letter: Annotated[int, typer.Argument(help="A dead letter's id.")], *, reason: Reason, by: By
) -> None:
    """Put a dead letter away for good; it stays in the table."""

    async def put_away(connection: asyncpg.Connection) -> None:
        if not await connection.fetch(_ARCHIVE, letter):
            raise NotThereError(f"{letter} is no open dead letter; `list` shows those that are.")
        await audited(connection, "dead-letters.archive", str(letter), reason, by=by)

    on_database(put_away)
    console.print(f"{letter} is archived.")
