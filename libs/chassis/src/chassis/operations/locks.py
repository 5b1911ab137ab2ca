"""`chassis locks …`: semantic locks, and taking one away from a holder that does not release it."""

from typing import Annotated

import typer

from chassis.operations import lock_actions
from chassis.operations.audit import Operator
from chassis.operations.database import console, on_database, print_json, show
from chassis.operations.options import AsJson, By, Limit, Reason

app = typer.Typer(no_args_is_help=True, help=__doc__)


@app.command("list")
def list_locks(
    *,
    name: Annotated[str | None, typer.Option(help="Only locks of this name.")] = None,
    key: Annotated[str | None, typer.Option(help="Only locks on this key.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List locks with their holder, since when, until when, and how many messages wait."""
    rows = on_database(lambda connection: lock_actions.held(connection, name, key, limit))
    show("semantic locks", rows, as_json=as_json)


@app.command()
def release(
    name: Annotated[str, typer.Argument(help="The lock's name, such as `order`.")],
    key: Annotated[str, typer.Argument(help="What is locked, such as an order's id.")],
    *,
    reason: Reason,
    by: By,
    as_json: AsJson = False,
) -> None:
    """Take a lock away from its holder; who has waited longest goes on.

    The holder is not told: look at its saga first, for it may still work on what is locked.
    """
    operator = Operator(by=by, reason=reason)
    released = on_database(lambda connection: lock_actions.release(connection, name, key, operator))
    if as_json:
        print_json(released)
        return
    console.print(
        f"{name} {key} is taken from {released['holder_type']} {released['holder']}.",
        markup=False,
    )
