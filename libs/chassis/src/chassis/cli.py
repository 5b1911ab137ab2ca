"""The `chassis` command: what is run beside a service's own process."""

import os
import sys
from typing import Annotated

import typer
from rich.console import Console

from chassis.messaging.description import Format, describe, to_json, to_yaml
from chassis.operations import (
    answers,
    audit_trail,
    contracts,
    dead_letters,
    flows,
    locks,
    outbox,
    provisioning,
    sagas,
    schema,
    snapshots,
    views,
)
from chassis.operations.schema import Package
from chassis.settings import SettingsError

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
app.command()(schema.migrate)
app.command()(schema.wait_for_schema)
app.command()(provisioning.provision)
app.command()(contracts.contracts)
app.command()(audit_trail.audit)
app.add_typer(sagas.app, name="sagas")
app.add_typer(outbox.app, name="outbox")
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(answers.app, name="answers")
app.add_typer(flows.app, name="flows")
app.add_typer(locks.app, name="locks")
app.add_typer(views.app, name="views")
app.add_typer(snapshots.app, name="snapshots")
console = Console(stderr=True, highlight=False)


@app.command("describe")
def describe_command(
    package: Package,
    *,
    description: Annotated[
        Format, typer.Option("--format", help="For a chart, for NATS, or for whoever integrates.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of YAML.")] = False,
) -> None:
    """Print what a service's messaging declaration means for charts, NATS and others."""
    described = describe(package, description)
    print(to_json(described) if as_json else to_yaml(described), end="")  # noqa: T201 - for a file


@app.command()
def relay() -> None:
    """Publish this database's outbox until stopped; the same as `python -m chassis.relay`."""
    # A process of its own: the relay imports none of what this command line needs
    os.execv(sys.executable, [sys.executable, "-m", "chassis.relay"])  # noqa: S606


def main() -> None:
    """Run the command line; a wrong setting is told without a traceback."""
    try:
        app()
    except SettingsError as error:
        console.print(f"[red]{error}[/]")
        sys.exit(2)
