"""`chassis flows …`: flows by choreography that have stopped on their way."""

from typing import Annotated

import typer

from chassis.flows.statements import OPEN
from chassis.operations.database import AsJson, fetch, show

app = typer.Typer(no_args_is_help=True, help=__doc__)

Limit = Annotated[int, typer.Option(min=1, help="How many at the most.")]


@app.callback()
def flows() -> None:
    """Flows by choreography that have stopped on their way."""


@app.command()
def overdue(*, limit: Limit = 50, as_json: AsJson = False) -> None:
    """List the flows that have not ended in their time, the first to fall due first."""
    show("overdue flows", fetch(OPEN, True, None, limit), as_json=as_json)
