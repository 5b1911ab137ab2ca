"""The options that say which sagas a command is about."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

import typer

from chassis.operations.options import ago
from chassis.operations.saga_list import SagaFilter
from chassis.sagas.state import SagaState

Type = Annotated[str | None, typer.Option("--type", help="Only sagas of this type.")]
Version = Annotated[int | None, typer.Option(help="Only those on this version.", min=1)]
States = Annotated[
    list[SagaState] | None,
    typer.Option("--state", help="Only in this state; may be repeated.", case_sensitive=False),
]
Step = Annotated[str | None, typer.Option(help="Only those that stand at this step.")]
Subject = Annotated[
    str | None, typer.Option(help="Only those about this, such as an order's id; ended ones too.")
]
OlderThan = Annotated[
    datetime | None,
    typer.Option("--older-than", parser=ago, metavar="AGE", help="Such as 90s, 15m, 2h or 7d."),
]
Error = Annotated[str | None, typer.Option(help="Only those whose error contains this text.")]
Failing = Annotated[
    bool,
    typer.Option("--failing", help="Only those that fail while they run: a retry, or an error."),
]
Overdue = Annotated[
    bool, typer.Option("--overdue", help="Only those past their time-out or their deadline.")
]
Paused = Annotated[bool, typer.Option("--paused", help="Only those that are paused.")]


def chosen(
    *,
    saga_ids: Sequence[UUID] = (),
    saga_type: str | None,
    version: int | None,
    states: Sequence[SagaState] | None,
    step: str | None,
    subject: str | None,
    older_than: datetime | None,
    error: str | None,
    failing: bool,
    overdue: bool,
    paused: bool,
    newest_first: bool = False,
    after: UUID | None = None,
) -> SagaFilter:
    """The filter that the options make; a subject's sagas are meant in whichever state."""
    everywhere = tuple(SagaState) if subject is not None else ()
    return SagaFilter(
        saga_ids=tuple(saga_ids),
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
        newest_first=newest_first,
        after=after,
    )
