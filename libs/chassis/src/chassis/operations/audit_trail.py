"""`chassis audit`: what operators have done to a service."""

from datetime import datetime
from typing import Annotated, Final

import typer

from chassis.operations.audit import ActionOutcome, AuditFilter, list_actions
from chassis.operations.database import on_database, show
from chassis.operations.options import AsJson, Limit, ago

_TOLD: Final = ("id", "requested_at", "by", "action", "target", "reason", "outcome", "error")


def audit(
    *,
    target: Annotated[
        str | None, typer.Option(help="Only what was done to this, such as a saga's id or a key.")
    ] = None,
    action: Annotated[
        str | None, typer.Option(help="Only actions that begin so, such as `sagas.`.")
    ] = None,
    by: Annotated[str | None, typer.Option(help="Only what this person did.")] = None,
    outcome: Annotated[
        ActionOutcome | None,
        typer.Option(help="Only what came out so; OPEN is not done yet.", case_sensitive=False),
    ] = None,
    since: Annotated[
        datetime | None, typer.Option(parser=ago, metavar="AGE", help="Such as 90s, 15m, 2h, 7d.")
    ] = None,
    before: Annotated[
        int | None, typer.Option(help="Go on where a page ended: only numbers below this.")
    ] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List what operators have done to a service, by whom and why, newest first."""
    wanted = AuditFilter(
        target=target,
        action=action,
        by=by,
        outcome=outcome,
        since=since,
        before=before,
    )
    rows = on_database(lambda connection: list_actions(connection, wanted, limit))
    told = rows if as_json else [{name: row[name] for name in _TOLD} for row in rows]
    show("actions", told, as_json=as_json)
