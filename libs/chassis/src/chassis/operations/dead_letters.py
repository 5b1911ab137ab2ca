"""`chassis dead-letters …`: what consumers gave up, and having it handled after all."""

import asyncio
from dataclasses import asdict, replace
from typing import Annotated, Final

import asyncpg
import typer
from rich.progress import Progress as Display
from rich.progress import SpinnerColumn, TextColumn
from rich.text import Text

from chassis.operations.audit import Operator
from chassis.operations.choosing import choosing
from chassis.operations.database import (
    connect,
    console,
    fail,
    harmless,
    on_database,
    print_json,
    show,
    told,
)
from chassis.operations.letter_options import which_letters
from chassis.operations.letters import (
    LetterFilter,
    archive,
    count_letters,
    group_letters,
    list_letters,
)
from chassis.operations.options import AsJson, By, DryRun, Limit, ReasonToAct, Yes, needed
from chassis.operations.redrive_waves import Pace, Progress, Redrive, wave_sizes
from chassis.operations.redriving import Portion, newest_letter, redrive

app = typer.Typer(no_args_is_help=True, help=__doc__)

_UNHANDLED: Final = 3
_WAVES_SHOWN: Final = 8


@app.command("list")
@choosing(which_letters)
def list_(
    wanted: LetterFilter,
    *,
    after: Annotated[int, typer.Option(help="Go on after this id of a page.")] = 0,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List dead letters, oldest first."""
    rows = on_database(lambda connection: list_letters(connection, wanted, limit, after))
    show("dead letters", rows, as_json=as_json)


@app.command()
@choosing(which_letters)
def groups(wanted: LetterFilter, *, limit: Limit = 50, as_json: AsJson = False) -> None:
    """Count dead letters by consumer, type and error, whichever ids and numbers that names."""
    rows = on_database(lambda connection: group_letters(connection, wanted, limit))
    show("groups of dead letters", rows, as_json=as_json)


@app.command("redrive")
@choosing(which_letters)
def redrive_(
    wanted: LetterFilter,
    *,
    reason: ReasonToAct = None,
    by: By,
    limit: Annotated[int | None, typer.Option(min=1, help="At the most; or all that fit.")] = None,
    at_once: Annotated[int, typer.Option(min=1, max=1000, help="Bound of a wave.")] = 100,
    rate: Annotated[float | None, typer.Option(min=0.1, help="Letters a second.")] = None,
    max_errors: Annotated[int, typer.Option(min=0, help="Go on until more fail again.")] = 0,
    patience: Annotated[float, typer.Option(min=1, help="Seconds to wait for a wave.")] = 300,
    watch: Annotated[
        bool, typer.Option("--watch/--no-watch", help="Or all at once, and do not wait.")
    ] = True,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Have dead letters handled again by their own consumers, oldest first, each key in order.

    They go in waves of 1, 2, 5, 20, 100, each once the one before was handled, and stop when one
    fails again: the rest stays as it is. What fails again is tried as often as its consumer tries
    any message, and is a dead letter again in the end. Running it again goes on where it stopped.
    Exits with 1 where letters have failed again, and with 3 where nobody handles them.
    """
    pace = Pace(at_once=at_once, total=limit, rate=rate, max_errors=max_errors, patience=patience)
    if dry_run:
        _tell_plan(wanted, pace, as_json=as_json)
        return
    operator = Operator(by=by, reason=needed(reason))
    if watch:
        _tell(told(lambda: asyncio.run(_in_waves(wanted, pace, operator))), as_json=as_json)
    else:
        _enter(wanted, limit, operator, as_json=as_json)


@app.command("archive")
@choosing(which_letters)
def archive_(
    wanted: LetterFilter,
    *,
    reason: ReasonToAct = None,
    by: By,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Put dead letters away for good; they stay in the table."""
    if not wanted.given():
        raise typer.BadParameter("say which letters: by their ids, or by an option such as --group")
    counted = on_database(lambda connection: count_letters(connection, wanted))["letters"]
    if dry_run:
        _tell_count("would be archived", counted, as_json=as_json)
        return
    operator = Operator(by=by, reason=needed(reason))
    if not (yes or wanted.ids or typer.confirm(f"Archive {counted} dead letters?", err=True)):
        fail("Nothing was done.")
    archived = on_database(lambda connection: archive(connection, wanted, operator))
    _tell_count("archived", len(archived), as_json=as_json)


async def _in_waves(wanted: LetterFilter, pace: Pace, operator: Operator) -> Progress:
    connection = await connect()
    try:
        columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False))
        with Display(*columns, console=console, transient=True) as display:
            task = display.add_task("redriving …", total=None)

            def tell(progress: Progress) -> None:
                display.update(task, description=_told(progress))

            return await Redrive(connection, wanted, pace, operator, tell).run()
    finally:
        await connection.close()


def _told(progress: Progress) -> str:
    return (
        f"{progress.redriven} redriven in {len(progress.waves)} waves, {progress.handled} handled, "
        f"{progress.failed} failed again"
    )


def _tell(progress: Progress, *, as_json: bool) -> None:
    left_off = progress.stopped is not None
    if as_json:
        counts = {name: getattr(progress, name) for name in ("redriven", "handled", "failed")}
        print_json({**counts, **asdict(progress)})
    else:
        console.print(f"{_told(progress)}.", markup=False)
        if left_off:
            console.print(Text(harmless(f"Stopped: {progress.stopped}."), style="red"))
    if left_off:
        raise typer.Exit(_UNHANDLED if progress.unhandled else 1)


def _enter(wanted: LetterFilter, limit: int | None, operator: Operator, *, as_json: bool) -> None:
    async def enter(connection: asyncpg.Connection) -> int:
        portion = Portion(newest=await newest_letter(connection))
        redriven = await redrive(connection, wanted, portion, limit, operator)
        return 0 if redriven is None else len(redriven.letters)

    _tell_count("redriven", on_database(enter), as_json=as_json)


def _tell_plan(wanted: LetterFilter, pace: Pace, *, as_json: bool) -> None:
    counts = on_database(lambda connection: count_letters(connection, wanted))
    total = min(counts["redrivable"], pace.total or counts["redrivable"])
    waves = list(wave_sizes(replace(pace, total=total)))
    if as_json:
        print_json({**counts, "waves": waves})
        return
    console.print(
        f"{counts['letters']} letters fit, {counts['redrivable']} of them can be redriven, of "
        f"{counts['keys']} keys; nothing was done."
    )
    if waves:
        shown = ", ".join(str(one) for one in waves[:_WAVES_SHOWN])
        console.print(f"Waves: {shown}{', …' if len(waves) > _WAVES_SHOWN else ''}")


def _tell_count(done: str, count: int, *, as_json: bool) -> None:
    if as_json:
        print_json({done.replace(" ", "_"): count})
        return
    console.print(f"{count} dead letters {done}.")
