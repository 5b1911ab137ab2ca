"""`chassis answers …`: commands that were taken and are to be answered later."""

from typing import Annotated
from uuid import UUID

import typer

from chassis.consumers.late import PENDING
from chassis.operations.database import fetch, show
from chassis.operations.options import AsJson, Limit

app = typer.Typer(no_args_is_help=True, help=__doc__)


@app.callback()
def answers() -> None:
    """Commands that were taken and are to be answered later."""


@app.command("list")
def list_answers(
    *,
    saga: Annotated[UUID | None, typer.Option(help="Only those of this saga.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List the commands that wait for their answer, the oldest first."""
    rows = fetch(PENDING, str(saga) if saga else None, limit)
    show("commands to be answered", rows, as_json=as_json)
