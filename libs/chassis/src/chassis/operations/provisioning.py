"""`chassis provision`: streams and durables, as the services declare them."""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

import nats
import typer
from nats.errors import Error as NatsError
from nats.errors import TimeoutError as NatsTimeoutError
from rich.console import Console

from chassis.messaging.description import topology_of
from chassis.messaging.inbox import inbox_prefix
from chassis.messaging.permissions import PROVISIONER
from chassis.messaging.provisioner import (
    Action,
    DriftError,
    MissingStreamError,
    Verb,
)
from chassis.messaging.provisioner import provision as bring_about
from chassis.messaging.topology import ServiceTopology, TopologyError
from chassis.operations.patience import Patience, patiently
from chassis.settings import read_setting

console = Console(stderr=True, highlight=False)

Packages = Annotated[
    list[str], typer.Argument(help="Import names of services: one that is installed, or several.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one line of JSON on standard output.")]


class ForbiddenError(Exception):
    """NATS forbids what provisioning needs."""


_PASSING = (NatsError, OSError, MissingStreamError)
"""NATS may not be there yet, nor a stream of another service that is read."""
_FINAL = (DriftError, TopologyError, ForbiddenError)


Replicas = Annotated[
    int | None,
    typer.Option(
        min=1, max=5, help="Of every stream, where NATS is a cluster; if not given, as declared."
    ),
]


def provision(
    packages: Packages,
    *,
    as_json: AsJson = False,
    patience: Patience = 0,
    replicas: Replicas = None,
) -> None:
    """Create or update the streams and consumers that the services declare (NATS_URL).

    Where they read streams of other services, those have to be there, or come within the patience.
    """
    console.print(f"Provisioning JetStream for {', '.join(packages)} …")
    topologies = [_replicated(topology_of(package), replicas) for package in packages]
    try:
        plan = asyncio.run(
            patiently(lambda: _provision(topologies), patience=patience, passing=_PASSING)
        )
    except (*_PASSING, *_FINAL) as error:
        console.print(f"[red]{str(error) or repr(error)}[/]")
        raise typer.Exit(1) from error
    _tell(plan, as_json=as_json)


def _tell(plan: Sequence[Action], *, as_json: bool) -> None:
    for action in plan:
        if action.verb is not Verb.KEEP:
            console.print(f"{action.verb:>8}  {action.kind} {action.name} {action.reason}")
    found = Counter(action.verb for action in plan)
    counts = {verb.value: found[verb] for verb in (Verb.CREATE, Verb.UPDATE, Verb.KEEP)}
    console.print(
        f"[green]{counts['create']} created, {counts['update']} updated, "
        f"{counts['keep']} as declared.[/]"
    )
    if as_json:
        print(json.dumps(counts))  # noqa: T201 - the one line that a program reads


def _replicated(topology: ServiceTopology, replicas: int | None) -> ServiceTopology:
    if replicas is None:
        return topology
    streams = (replace(stream, replicas=replicas) for stream in topology.streams)
    return replace(topology, streams=tuple(streams))


async def _provision(topologies: Sequence[ServiceTopology]) -> list[Action]:
    refused: list[str] = []

    async def note(error: Exception) -> None:
        if "permissions violation" in str(error):
            refused.append(str(error))

    client = await nats.connect(
        read_setting("NATS_URL"),
        max_reconnect_attempts=3,
        inbox_prefix=inbox_prefix(PROVISIONER),
        error_cb=note,
    )
    try:
        return await bring_about(client.jetstream(), topologies)
    except NatsTimeoutError as error:
        if refused:  # NATS does not answer what it forbids
            raise ForbiddenError(
                f"{refused[0]}; NATS_URL is for the user '{PROVISIONER}'"
            ) from error
        raise
    finally:
        await client.close()
