"""`chassis snapshots …`: what a service owns, published for views that events no longer reach."""

import asyncio
import json
from importlib import import_module
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from chassis.messaging.topology import ServiceTopology
from chassis.operations.database import AsJson, console
from chassis.operations.schema import Package
from chassis.outbox.outbox import Outbox
from chassis.outbox.poke import no_poke
from chassis.outbox.publishing import bind_outbox
from chassis.persistence.database import Database
from chassis.settings import read_setting
from chassis.snapshots.declaration import NoSnapshotsError, Snapshots, snapshots_of
from chassis.snapshots.run import Progress as RunProgress
from chassis.snapshots.run import SnapshotRun, events_of

app = typer.Typer(no_args_is_help=True, help=__doc__)

Rate = Annotated[
    float, typer.Option(min=1, help="Snapshots a second; leave the relay time for other messages.")
]


@app.callback()
def snapshots() -> None:
    """What a service owns, published for views that events no longer reach."""


@app.command()
def publish(package: Package, *, rate: Rate = 500, as_json: AsJson = False) -> None:
    """Publish a snapshot of everything that the service owns (DATABASE_URL); its relay sends them.

    A run that was stopped is ignored by views; run again.
    """
    try:
        declared = snapshots_of(package)
    except NoSnapshotsError as error:
        console.print(f"[red]{error}[/]")
        raise typer.Exit(1) from error
    topology: ServiceTopology = import_module(f"{package}.messaging.topology").TOPOLOGY
    done = asyncio.run(_publish(topology, declared, rate))
    if as_json:
        print(json.dumps(_told(done)))  # noqa: T201 - the one line that a program reads
    console.print(f"[green]Run {done.run_id}: {done.published} snapshots, and its markers.[/]")


async def _publish(topology: ServiceTopology, declared: Snapshots, rate: float) -> RunProgress:
    database = Database(read_setting("DATABASE_URL"), pool_size=1)
    bind_outbox(database, Outbox(topology, no_poke))
    try:
        with _bar() as bar:
            task = bar.add_task("snapshots", unsent="")
            run = SnapshotRun(
                database,
                declared,
                events_of(topology),
                rate=rate,
                report=lambda progress: bar.update(
                    task,
                    total=progress.total,
                    completed=progress.published,
                    unsent=f"{progress.unsent} left to the relay" if progress.unsent else "",
                ),
            )
            return await run.publish()
    finally:
        await database.close()


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[unsent]}"),
        TimeElapsedColumn(),
        console=console,
    )


def _told(done: RunProgress) -> dict[str, object]:
    return {
        "run_id": str(done.run_id),
        "snapshots": done.published,
        "by_type": dict(done.by_type),
        "by_partition": {str(number): done.by_partition[number] for number in done.by_partition},
    }
