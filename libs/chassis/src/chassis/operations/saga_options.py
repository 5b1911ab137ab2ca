"""The options that say which sagas a command is about."""

from datetime import datetime
from typing import Annotated

import typer

from chassis.operations.options import ago
from chassis.operations.saga_list import SagaFilter
from chassis.sagas.state import SagaState


def which_sagas(
    *,
    saga_type: Annotated[
        str | None, typer.Option("--type", help="Only sagas of this type.")
    ] = None,
    version: Annotated[int | None, typer.Option(help="Only those on this version.", min=1)] = None,
    states: Annotated[
        list[SagaState] | None,
        typer.Option("--state", help="Only in this state; may be repeated.", case_sensitive=False),
    ] = None,
    step: Annotated[str | None, typer.Option(help="Only those that stand at this step.")] = None,
    subject: Annotated[
        str | None, typer.Option(help="Only those about this, as an order's id; ended ones too.")
    ] = None,
    older_than: Annotated[
        datetime | None,
        typer.Option("--older-than", parser=ago, metavar="AGE", help="Such as 90s, 15m, 2h or 7d."),
    ] = None,
    error: Annotated[
        str | None, typer.Option(help="Only those whose error contains this text.")
    ] = None,
    failing: Annotated[
        bool,
        typer.Option("--failing", help="Only those that fail while they run: a retry or an error."),
    ] = False,
    overdue: Annotated[
        bool, typer.Option("--overdue", help="Only those past their time-out or their deadline.")
    ] = False,
    paused: Annotated[bool, typer.Option("--paused", help="Only those that are paused.")] = False,
) -> SagaFilter:
    """The filter that the options make; a subject's sagas are meant in whichever state."""
    everywhere = tuple(SagaState) if subject is not None else ()
    return SagaFilter(
        saga_type=saga_type,
        version=version,
        states=tuple(states or everywhere),
        step=step,
        subject=subject,
        created_before=older_than,
        error=error,
        failing=failing,
        overdue=overdue,
        paused=paused,
    )
