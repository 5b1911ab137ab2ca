"""`/sagas`: finding sagas, seeing what became of one, and moving them."""

import asyncio
import time
from collections.abc import Sequence
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, HTTPException, Query, Response

from chassis.admin.problems import MAY_NOT_BE_THERE
from chassis.admin.served import Served, Service, Transaction
from chassis.admin.tokens import Acting
from chassis.admin.values import (
    SagaAction,
    SagaChoice,
    SagaOutcome,
    SagaPage,
    SagaSummary,
    SagaTimeline,
    SagaVersion,
    ago,
)
from chassis.operations.audit import ActionOutcome, Operator
from chassis.operations.interventions import outcomes, request, require_all
from chassis.operations.saga_list import SagaFilter, list_sagas
from chassis.operations.saga_timeline import timeline
from chassis.operations.saga_versions import saga_versions
from chassis.sagas.state import SagaState

router = APIRouter(prefix="/sagas", tags=["sagas"])

_LOOK_SECONDS: Final = 0.1
_SAME: Final = (
    "saga_type",
    "version",
    "step",
    "subject",
    "error",
    "failing",
    "overdue",
    "paused",
)


class SagaQuery(SagaChoice):
    """The same in a query."""

    newest_first: bool = False
    after: UUID | None = None
    limit: Annotated[int, Query(ge=1, le=1000)] = 50


@router.get("")
async def list_(connection: Transaction, query: Annotated[SagaQuery, Query()]) -> SagaPage:
    """Sagas in the order of their start: those that have not ended, if nothing else is said."""
    wanted = _filter(query, newest_first=query.newest_first, after=query.after)
    rows = await list_sagas(connection, wanted, query.limit)
    following = rows[-1]["saga_id"] if len(rows) == query.limit else None
    return SagaPage(sagas=[SagaSummary(**row) for row in rows], next=following)


@router.get("/versions")
async def versions(connection: Transaction, served: Service) -> list[SagaVersion]:
    """On which versions sagas are live, and which this process lacks or could do without."""
    return [SagaVersion(**row) for row in await saga_versions(connection, served.definitions)]


@router.get("/{saga_id}", responses=MAY_NOT_BE_THERE)
async def show(saga_id: UUID, connection: Transaction, served: Service) -> SagaTimeline:
    """One saga: how it stands, everything that happened, and what is to come."""
    return SagaTimeline(**await timeline(connection, saga_id, served.definitions))


@router.post(
    "/actions",
    responses={
        **MAY_NOT_BE_THERE,
        202: {"model": list[SagaOutcome], "description": "Something is open: ask `/audit` later"},
    },
)
async def act(
    asked: SagaAction, operator: Acting, served: Service, response: Response
) -> list[SagaOutcome]:
    """Move sagas, and say what came of it for each; a dry run says which ones it would be.

    A process of the service that has the saga's version carries it out; what is refused says why.
    """
    wanted = _filter(asked.sagas)
    if not wanted.chooses():
        raise HTTPException(422, "Say which sagas: by their ids, or by another choice")
    async with served.transaction() as connection:
        sagas = await list_sagas(connection, wanted, max(asked.limit, len(wanted.saga_ids)))
        require_all(wanted.saga_ids, sagas)
        if asked.dry_run:
            return [_planned(saga) for saga in sagas]
        told = Operator(by=operator.by, reason=asked.reason)
        numbers = await request(connection, asked.action, sagas, told)
    served.ring()
    found = await _wait(served, numbers, asked.wait_seconds)
    if any(one.outcome is ActionOutcome.OPEN for one in found):
        response.status_code = 202
    return found


async def _wait(served: Served, numbers: Sequence[int], seconds: float) -> list[SagaOutcome]:
    deadline = time.monotonic() + seconds
    while True:
        async with served.transaction() as connection:
            found = [SagaOutcome(**one) for one in await outcomes(connection, numbers)]
        is_open = any(one.outcome is ActionOutcome.OPEN for one in found)
        if not is_open or time.monotonic() >= deadline:
            return found
        await asyncio.sleep(_LOOK_SECONDS)


def _planned(saga: dict[str, Any]) -> SagaOutcome:
    return SagaOutcome(action=None, outcome=None, **saga)


def _filter(
    choice: SagaChoice, *, newest_first: bool = False, after: UUID | None = None
) -> SagaFilter:
    """As the command line has it: a subject's sagas are meant in whichever state."""
    everywhere = tuple(SagaState) if choice.subject is not None else ()
    given = choice.model_dump(include=set(_SAME))
    return SagaFilter(
        **given,
        saga_ids=tuple(choice.saga_ids),
        states=tuple(choice.states) or everywhere,
        created_before=ago(choice.older_than_seconds),
        newest_first=newest_first,
        after=after,
    )
