"""`chassis sagas retry|skip|compensate|complete|cancel|pause|resume`: moving sagas."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Final
from uuid import UUID

import typer
from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

from chassis.operations.audit import ActionOutcome, Operator
from chassis.operations.choosing import Command, choosing
from chassis.operations.database import connect, console, fail, on_database, print_json, show, told
from chassis.operations.interventions import outcomes, request, require_all, withdraw
from chassis.operations.options import AsJson, By, DryRun, Limit, Reason, ReasonToAct, Yes, needed
from chassis.operations.saga_list import SagaFilter, list_sagas
from chassis.operations.saga_options import which_sagas
from chassis.operations.saga_tables import list_table
from chassis.sagas.happened import Intervention

HELP: Final = {
    Intervention.RETRY: "Send what is waited for again now, its attempts counted anew.",
    Intervention.SKIP: "Take the step that is waited for as done, or as undone, without answer.",
    Intervention.COMPENSATE: "Turn back now and undo what is done; possible until the pivot.",
    Intervention.COMPLETE: "End sagas as they stand, whatever is open: you mend it by hand.",
    Intervention.CANCEL: "Cancel, as a user may: turn back; possible until the pivot.",
    Intervention.PAUSE: "Let sagas rest: answers are taken, and nothing more is sent.",
    Intervention.RESUME: "Let paused sagas go on from where they were.",
}
_LOOK_SECONDS: Final = 0.3
_STILL_OPEN: Final = 3

SagaIds = Annotated[
    list[UUID] | None, typer.Argument(help="Ids of sagas; or choose them by the options.")
]
Wait = Annotated[
    float,
    typer.Option(min=0, help="Seconds to wait for the service to do it; 0: do not wait."),
]


def action(move: Intervention) -> Command:
    """The command for one move."""

    @choosing(which_sagas)
    def command(
        wanted: SagaFilter,
        saga_ids: SagaIds = None,
        *,
        reason: ReasonToAct = None,
        by: By,
        limit: Limit = 100,
        dry_run: DryRun = False,
        yes: Yes = False,
        wait: Wait = 60,
        as_json: AsJson = False,
    ) -> None:
        wanted = replace(wanted, saga_ids=tuple(saga_ids or ()))
        sagas = _choose(wanted, limit)
        if dry_run:
            _tell_plan(move, sagas, as_json=as_json)
            return
        operator = Operator(by=by, reason=needed(reason))
        _confirm(move, sagas, needed=not wanted.saga_ids and not yes)
        numbers = on_database(lambda connection: request(connection, move, sagas, operator))
        _tell(move, told(lambda: asyncio.run(_wait(numbers, wait))), wait, as_json=as_json)

    command.__doc__ = f"{HELP[move]}\n\nThe service does it; exits with 1 where it refused."
    return command


def withdraw_action(
    number: Annotated[
        int, typer.Argument(help="An open action, as `audit --outcome open` has it.")
    ],
    *,
    reason: Reason,
    by: By,
) -> None:
    """Take back an action that no service has carried out yet."""
    operator = Operator(by=by, reason=reason)
    on_database(lambda connection: withdraw(connection, number, operator))
    console.print(f"Action {number} is withdrawn.")


def _choose(wanted: SagaFilter, limit: int) -> list[dict[str, Any]]:
    if not wanted.chooses():
        raise typer.BadParameter("say which sagas: by their ids, or by an option such as --failing")

    async def choose(connection: Any) -> list[dict[str, Any]]:
        found = await list_sagas(connection, wanted, max(limit, len(wanted.saga_ids)))
        require_all(wanted.saga_ids, found)
        return found

    return on_database(choose)


def _tell_plan(move: Intervention, sagas: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print_json(list(sagas))
        return
    console.print(list_table(sagas))
    console.print(f"{move.lower()} would be asked for them; nothing was done.")


def _confirm(move: Intervention, sagas: Sequence[Mapping[str, Any]], *, needed: bool) -> None:
    if not sagas:
        console.print("No saga fits; nothing was done.")
        raise typer.Exit
    if needed:
        console.print(list_table(sagas))
        if not typer.confirm(f"{move.lower()} these {len(sagas)}?", err=True):
            fail("Nothing was done.")


async def _wait(numbers: Sequence[int], seconds: float) -> list[dict[str, Any]]:
    """What has come of the actions, as soon as something has of all, or after that time."""
    deadline = time.monotonic() + seconds
    connection = await connect()
    columns = (SpinnerColumn(), TextColumn("{task.description}"), MofNCompleteColumn())
    try:
        with Progress(*columns, console=console, transient=True) as progress:
            task = progress.add_task("carried out by the service", total=len(numbers))
            while True:
                found = await outcomes(connection, numbers)
                done = sum(one["outcome"] != ActionOutcome.OPEN for one in found)
                progress.update(task, completed=done)
                if done == len(numbers) or time.monotonic() >= deadline:
                    return found
                await asyncio.sleep(_LOOK_SECONDS)
    finally:
        await connection.close()


def _tell(
    move: Intervention, found: Sequence[dict[str, Any]], waited: float, *, as_json: bool
) -> None:
    show(f"{move.lower()}", found, as_json=as_json)
    counts = Counter(one["outcome"] for one in found)
    if counts[ActionOutcome.REFUSED] or counts[ActionOutcome.FAILED]:
        raise typer.Exit(1)
    if counts[ActionOutcome.OPEN] and waited:
        console.print(
            f"[yellow]{counts[ActionOutcome.OPEN]} still open: no process of the service has "
            "carried them out. They stay open, and are carried out as soon as one runs that has "
            "the saga's version; `chassis audit --outcome open` lists them, and `chassis sagas "
            "withdraw NUMBER` takes one back.[/]"
        )
        raise typer.Exit(_STILL_OPEN)
