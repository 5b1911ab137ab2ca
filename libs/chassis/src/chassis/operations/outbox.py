"""`chassis outbox …`: what the relay could not publish, and letting it try again."""

from typing import Annotated

import typer

from chassis.operations.database import AsJson, console, fetch, show

app = typer.Typer(no_args_is_help=True, help=__doc__)

_PARKED = """
SELECT p.key, p.subject, p.error, p.attempts, p.parked_at,
       (SELECT count(*) FROM outbox AS o WHERE o.key = p.key) AS rows_waiting
FROM outbox_parked AS p ORDER BY p.parked_at
"""
_RELEASE = "DELETE FROM outbox_parked WHERE key = $1 RETURNING key"


@app.command()
def parked(*, as_json: AsJson = False) -> None:
    """List the keys that are parked behind a row that cannot be published."""
    show("parked keys", fetch(_PARKED), as_json=as_json)


@app.command()
def release(key: Annotated[str, typer.Argument(help="A key that is parked.")]) -> None:
    """Let the relay try a parked key again, once what stood in its way is mended."""
    if not fetch(_RELEASE, key):
        console.print(f"[red]'{key}' is not parked; `chassis outbox parked` lists what is.[/]")
        raise typer.Exit(1)
    console.print(f"'{key}' is released; the relay tries it again at its next look.")
