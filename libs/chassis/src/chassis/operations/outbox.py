"""`chassis outbox …`: what the relay has not published, and letting it try again."""

from typing import Annotated

import typer

from chassis.operations import outbox_keys
from chassis.operations.audit import Operator
from chassis.operations.database import console, on_database, print_json, show
from chassis.operations.options import AsJson, By, Limit, Reason

app = typer.Typer(no_args_is_help=True, help=__doc__)


@app.command()
def pending(
    *,
    key: Annotated[str | None, typer.Option(help="Only this key.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List keys with messages that are not published yet, the longest waiting first."""
    rows = on_database(lambda connection: outbox_keys.pending(connection, key, limit))
    show("keys with pending messages", rows, as_json=as_json)


@app.command()
def parked(*, limit: Limit = 50, as_json: AsJson = False) -> None:
    """List the keys that are parked behind a row that cannot be published."""
    rows = on_database(lambda connection: outbox_keys.parked(connection, limit))
    show("parked keys", rows, as_json=as_json)


@app.command()
def release(
    key: Annotated[str, typer.Argument(help="A key that is parked.")],
    *,
    reason: Reason,
    by: By,
    as_json: AsJson = False,
) -> None:
    """Let the relay try a parked key again, once what stood in its way is mended."""
    operator = Operator(by=by, reason=reason)
    released = on_database(lambda connection: outbox_keys.release(connection, key, operator))
    if as_json:
        print_json(released)
        return
    console.print(f"'{key}' is released; the relay tries it again at its next look.", markup=False)
