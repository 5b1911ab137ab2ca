"""The `chassis` command: what is run beside a service's own process."""

import asyncio
import json
import os
import sys
from typing import Annotated

import nats
import typer
from nats.errors import Error as NatsError
from rich.console import Console

from chassis.messaging.description import Format, describe, to_json, to_yaml, topology_of
from chassis.messaging.inbox import inbox_prefix
from chassis.messaging.permissions import PROVISIONER
from chassis.messaging.provisioner import Action, DriftError, Verb, provision
from chassis.messaging.topology import ServiceTopology, TopologyError
from chassis.operations import dead_letters, flows, outbox, schema
from chassis.operations.patience import Patience, patiently
from chassis.operations.schema import Package
from chassis.settings import SettingsError, read_setting

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
app.command()(schema.migrate)
app.command()(schema.wait_for_schema)
app.add_typer(outbox.app, name="outbox")
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(flows.app, name="flows")
console = Console(stderr=True, highlight=False)

Packages = Annotated[list[str], typer.Argument(help="Import names of all services.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one line of JSON on standard output.")]


@app.command("provision")
def provision_command(
    packages: Packages, *, as_json: AsJson = False, patience: Patience = 0
) -> None:
    """Create or update the streams and consumers that the services declare (NATS_URL)."""
    console.print(f"Provisioning JetStream for {', '.join(packages)} …")
    topologies = [topology_of(package) for package in packages]
    try:
        # NATS may not be there yet, nor a stream of another service that is read
        plan = asyncio.run(
            patiently(
                lambda: _provision(topologies), patience=patience, passing=(NatsError, OSError)
            )
        )
    except (DriftError, TopologyError, NatsError, OSError) as error:
        console.print(f"[red]{error or repr(error)}[/]")
        raise typer.Exit(1) from error
    for action in plan:
        if action.verb is not Verb.KEEP:
            console.print(f"{action.verb:>8}  {action.kind} {action.name} {action.reason}")
    counts = {verb.value: sum(a.verb is verb for a in plan) for verb in Verb}
    console.print(
        f"[green]{counts['create']} created, {counts['update']} updated, "
        f"{counts['keep']} as declared.[/]"
    )
    if as_json:
        print(json.dumps(counts))  # noqa: T201 - the one line that a program reads


@app.command("describe")
def describe_command(
    package: Package,
    *,
    description: Annotated[
        Format, typer.Option("--format", help="What for: a chart's values, or NATS permissions.")
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


async def _provision(topologies: list[ServiceTopology]) -> list[Action]:
    client = await nats.connect(
        read_setting("NATS_URL"), max_reconnect_attempts=3, inbox_prefix=inbox_prefix(PROVISIONER)
    )
    try:
        return await provision(client.jetstream(), topologies)
    finally:
        await client.close()


def main() -> None:
    """Run the command line; a wrong setting is told without a traceback."""
    try:
        app()
    except SettingsError as error:
        console.print(f"[red]{error}[/]")
        sys.exit(2)
