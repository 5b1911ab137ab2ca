"""`chassis views …`: what there is of a service's views, and building them anew."""

import asyncio
import json
from collections.abc import Sequence
from typing import Annotated, Any, Final

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from chassis.messaging.description import topology_of
from chassis.operations.database import AsJson, console, fetch, show
from chassis.operations.schema import Package
from chassis.persistence.database import Database
from chassis.settings import read_setting
from chassis.views.generations import Generation, ViewChangedError, begin_generation
from chassis.views.installed import views_of
from chassis.views.survey import SURVEY, survey_one
from chassis.views.view import View

app = typer.Typer(no_args_is_help=True, help=__doc__)

_LOOK_SECONDS: Final = 0.5

Name = Annotated[str | None, typer.Option("--view", help="Only the view of this name.")]
Detach = Annotated[bool, typer.Option(help="Ask for it, and do not watch it.")]


class RetiredError(Exception):
    """What was watched will not become live."""


@app.command("list")
def list_views(*, as_json: AsJson = False) -> None:
    """List the generations of all views: events applied, events still in the streams, seconds that
    they are behind, dead letters, and what a generation waits for.
    """
    show("generations of views", fetch(SURVEY), as_json=as_json)


@app.command()
def rebuild(
    package: Package, *, view: Name = None, detach: Detach = False, as_json: AsJson = False
) -> None:
    """Build views anew beside the live ones, and swap them in when they have caught up.

    The service's processes do it; this command asks for it and shows how far they are. Ending it
    ends nothing, and running it again shows what is under way.
    """
    views = _chosen(package, view)
    try:
        built = asyncio.run(_rebuild(package, views, detach=detach))
    except (ViewChangedError, RetiredError) as error:
        console.print(f"[red]{error}[/]")
        raise typer.Exit(1) from error
    if as_json:
        print(json.dumps(built, default=str))  # noqa: T201 - the one line that a program reads


def _chosen(package: str, name: str | None) -> tuple[View, ...]:
    views = views_of(package)
    chosen = tuple(view for view in views if name in (None, view.name))
    if not chosen:
        known = ", ".join(view.name for view in views) or "no view at all"
        console.print(f"[red]{package} has {known}, and not {name or 'any'}.[/]")
        raise typer.Exit(2)
    return chosen


async def _rebuild(package: str, views: Sequence[View], *, detach: bool) -> list[dict[str, Any]]:
    database = Database(read_setting("DATABASE_URL"))
    try:
        generations = [await _begin(database, package, view) for view in views]
        if detach:
            return [await _row(database, generation) for generation in generations]
        with _progress() as progress:
            watching = (_watch(database, one, progress) for one in generations)
            return list(await asyncio.gather(*watching))
    finally:
        await database.close()


async def _begin(database: Database, package: str, view: View) -> Generation:
    channels = view.channels(topology_of(package))
    generation, new = await begin_generation(database, view, channels)
    what = "is being built" if new else "is being built already"
    console.print(f"{generation.consumer} {what}, beside what is live.")
    return generation


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("events"),
        TimeElapsedColumn(),
        console=console,
    )


async def _watch(database: Database, generation: Generation, progress: Progress) -> dict[str, Any]:
    task = progress.add_task(generation.consumer, total=None)
    told = None
    while True:
        row = await _row(database, generation)
        known = row["pending"] is not None
        total = row["events"] + row["pending"] if known else None
        progress.update(task, completed=row["events"], total=total)
        if row["waits_for"] not in (None, told):
            told = row["waits_for"]
            console.print(f"[yellow]{generation.consumer} waits: {told}[/]")
        if row["state"] == "LIVE":
            console.print(f"[green]{generation.consumer} is live.[/]")
            return row
        await asyncio.sleep(_LOOK_SECONDS)


async def _row(database: Database, generation: Generation) -> dict[str, Any]:
    row = await survey_one(database, generation.view, generation.number)
    if row is None or row["state"] == "RETIRED":
        raise RetiredError(f"{generation.consumer} was retired meanwhile; see `chassis views list`")
    return dict(row)
