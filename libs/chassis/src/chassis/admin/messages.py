"""`/outbox` and `/dead-letters`: what is not published, and what was given up."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from chassis.admin.problems import MAY_NOT_BE_THERE
from chassis.admin.served import Transaction
from chassis.admin.tokens import Acting
from chassis.admin.values import (
    ArchiveAsked,
    Archived,
    Letter,
    LetterChoice,
    LetterCount,
    LetterFate,
    LetterGroup,
    Number,
    ParkedKey,
    PendingKey,
    RedriveAsked,
    RedriveEntered,
    RedriveProgress,
    Released,
    Text,
    ago,
)
from chassis.operations import outbox_keys
from chassis.operations.audit import Operator
from chassis.operations.letters import (
    LetterFilter,
    archive,
    count_letters,
    group_letters,
    list_letters,
)
from chassis.operations.redriving import (
    Portion,
    counted,
    fates,
    newest_letter,
    recorded,
    redrive,
)

outbox = APIRouter(prefix="/outbox", tags=["outbox"])
dead_letters = APIRouter(prefix="/dead-letters", tags=["dead letters"])

Limit = Annotated[int, Query(ge=1, le=1000)]


class LetterQuery(LetterChoice):
    """The same in a query."""

    after: Number = 0
    limit: Annotated[int, Query(ge=1, le=1000)] = 50


@outbox.get("/pending")
async def pending(
    connection: Transaction, key: Text | None = None, limit: Limit = 50
) -> list[PendingKey]:
    """Keys with messages that are not published yet, the longest waiting first."""
    return [PendingKey(**row) for row in await outbox_keys.pending(connection, key, limit)]


@outbox.get("/parked")
async def parked(connection: Transaction, limit: Limit = 50) -> list[ParkedKey]:
    """Keys that are parked behind a message that cannot be published."""
    return [ParkedKey(**row) for row in await outbox_keys.parked(connection, limit)]


@outbox.post("/release", responses=MAY_NOT_BE_THERE)
async def release(asked: Released, connection: Transaction, operator: Acting) -> ParkedKey:
    """Let the relay try a parked key again; answers with what it was parked for."""
    told = Operator(by=operator.by, reason=asked.reason)
    return ParkedKey(**await outbox_keys.release(connection, asked.key, told))


@dead_letters.get("")
async def letters(connection: Transaction, query: Annotated[LetterQuery, Query()]) -> list[Letter]:
    """Dead letters, oldest first; `after` is the id that the page before ended with."""
    rows = await list_letters(connection, _filter(query), query.limit, query.after)
    return [Letter(**row) for row in rows]


@dead_letters.get("/groups")
async def groups(
    connection: Transaction, query: Annotated[LetterQuery, Query()]
) -> list[LetterGroup]:
    """Dead letters by consumer, type and error, whichever ids and numbers that names."""
    rows = await group_letters(connection, _filter(query), query.limit)
    return [LetterGroup(**row) for row in rows]


@dead_letters.get("/count")
async def count(connection: Transaction, query: Annotated[LetterQuery, Query()]) -> LetterCount:
    """How many letters a choice fits, and how many of them can be redriven: a dry run."""
    return LetterCount(**await count_letters(connection, _filter(query)))


@dead_letters.post("/redrive", status_code=202)
async def redrive_(
    asked: RedriveAsked, connection: Transaction, operator: Acting
) -> RedriveEntered:
    """Have the oldest letters handled again by their own consumers, each key in order."""
    portion = Portion(newest=await newest_letter(connection))
    told = Operator(by=operator.by, reason=asked.reason)
    redriven = await redrive(connection, _filter(asked.letters), portion, asked.limit, told)
    if redriven is None:
        return RedriveEntered(action=None, letters=[])
    return RedriveEntered(action=redriven.action, letters=list(redriven.letters))


@dead_letters.get("/redrives/{action}", responses=MAY_NOT_BE_THERE)
async def redriven(action: Number, connection: Transaction) -> RedriveProgress:
    """What has become of the letters of one redrive so far."""
    found = await fates(connection, await recorded(connection, action))
    return RedriveProgress(
        counts=counted(found), letters=[LetterFate(**letter) for letter in found]
    )


@dead_letters.post("/archive", responses=MAY_NOT_BE_THERE)
async def archive_(asked: ArchiveAsked, connection: Transaction, operator: Acting) -> Archived:
    """Put letters away for good; they stay in the table."""
    wanted = _filter(asked.letters)
    told = Operator(by=operator.by, reason=asked.reason)
    return Archived(letters=await archive(connection, wanted, told))


def _filter(choice: LetterChoice) -> LetterFilter:
    given: dict[str, Any] = choice.model_dump(
        include={"group", "consumer", "wire_type", "key", "containing"}
    )
    return LetterFilter(
        **given,
        ids=tuple(choice.ids),
        died_before=ago(choice.older_than_seconds),
        died_after=ago(choice.newer_than_seconds),
    )
