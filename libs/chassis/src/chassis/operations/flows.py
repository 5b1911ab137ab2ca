"""`chassis flows …`: flows by choreography that have stopped on their way."""

from typing import Annotated

import typer

from chassis.flows.statements import OPEN
from chassis.operations.database import AsJson, fetch, show

_ALL = 1000

app = typer.Typer(no_args_is_help=True, help=__doc__)

Limit = Annotated[int, typer.Option(min=1, help="How many at the most.")]


@app.callback()
def flows() -> None:
    """Flows by choreography that have stopped on their way."""


@app.command()
def overdue(*, limit: Limit = 50, as_json: AsJson = False) -> None:
    """List the flows whose next event has not come in its time, the first to fall due first."""
    show("overdue flows", fetch(OPEN, True, None, limit), as_json=as_json)


@app.command("show")
def show_(
    key: Annotated[str, typer.Argument(help="What the flow is about, such as an order's id.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show which events are due about something, from whom, since when and by when."""
    show(f"flows about {key}", fetch(OPEN, False, key, _ALL), as_json=as_json)
