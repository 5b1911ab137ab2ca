"""What the admin API takes and answers."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from chassis.operations.audit import ActionOutcome
from chassis.operations.redriving import Fate
from chassis.sagas.happened import Intervention
from chassis.sagas.state import EntryKind, SagaState

# PostgreSQL keeps no NUL in a text
Text = Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=r"^[^\x00]+$")]
Reason = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=1000, pattern=r"^[^\x00]+$"),
    Field(description="Why; it is kept in the audit"),
]
Number = Annotated[int, Field(ge=0, le=2**63 - 1)]
Small = Annotated[int, Field(ge=0, le=2**31 - 1)]
Seconds = Annotated[float, Field(ge=0, le=10 * 365 * 86400)]


def ago(seconds: float | None) -> datetime | None:
    """The moment that long ago."""
    return None if seconds is None else datetime.now(UTC) - timedelta(seconds=seconds)


class Asked(BaseModel):
    """The base of what callers send."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Told(BaseModel):
    """The base of what they are answered."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class SagaSummary(Told):
    saga_id: UUID
    saga_type: str
    version: int
    subject: str
    state: SagaState
    step: str | None
    direction: str
    attempt: int
    created_at: datetime
    updated_at: datetime
    due_at: datetime | None
    deadline: datetime | None
    paused_at: datetime | None
    ended_at: datetime | None
    error: str | None


class SagaPage(Told):
    """Sagas; `next` is where the next page begins, if there may be one."""

    sagas: list[SagaSummary]
    next: UUID | None


class LogLine(Told):
    """What happened; `seconds` since the command for the step, where that ended the wait for it."""

    at: datetime
    step: str | None
    direction: str | None
    kind: EntryKind
    attempt: int
    seconds: float | None
    outcome: str | None
    detail: str | None
    message_id: UUID | None


class StepToCome(Told):
    step: str
    kind: str
    may_be_skipped: bool


class ActionTaken(Told):
    """An operator's action, as the audit keeps it; OPEN: a service has yet to carry it out."""

    id: int
    requested_at: datetime
    by: str
    action: str
    target: str
    arguments: dict[str, Any]
    reason: str
    done_at: datetime | None
    outcome: ActionOutcome
    error: str | None


class SagaTimeline(SagaSummary):
    """One saga with everything that can be told of it.

    `remaining` is null where the saga's version is not loaded in the process that answers.
    `actions` are those that are open, refused or failed: the others are in the log.
    """

    done: list[str]
    branches: Any
    parent: Any
    trace_id: str | None
    log: list[LogLine]
    remaining: list[StepToCome] | None
    actions: list[ActionTaken]


class SagaChoice(Asked):
    """Which sagas: all that is given has to fit; without states, those that have not ended."""

    saga_ids: Annotated[list[UUID], Field(max_length=1000)] = []
    saga_type: Text | None = None
    version: Small | None = None
    states: list[SagaState] = []
    step: Text | None = None
    subject: Text | None = None
    older_than_seconds: Seconds | None = None
    error: Text | None = None
    failing: bool = False
    overdue: bool = False
    paused: bool = False


class SagaVersion(Told):
    """A version that has live instances, or is loaded in the process that answers (`declared`)."""

    saga_type: str
    version: int
    live: int
    needs_attention: int
    paused: int
    oldest: datetime | None
    oldest_id: UUID | None
    declared: bool
    advice: str


class SagaAction(Asked):
    """What is to be done to which sagas; it is waited for, but not for longer than said."""

    action: Intervention
    sagas: SagaChoice
    reason: Reason
    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    dry_run: bool = False
    wait_seconds: Annotated[float, Field(ge=0, le=20)] = 10


class SagaOutcome(Told):
    """What came of an action on a saga, and how the saga stands; of a dry run nothing came."""

    action: int | None
    saga_id: UUID
    outcome: ActionOutcome | None
    error: str | None
    state: SagaState | None
    step: str | None
    direction: str | None
    paused_at: datetime | None


class Because(Asked):
    reason: Reason


class Released(Asked):
    key: Text
    reason: Reason


class PendingKey(Told):
    key: str
    rows: int
    oldest_seconds: int
    subjects: int
    parked: bool


class ParkedKey(Told):
    key: str
    subject: str
    error: str
    attempts: int
    parked_at: datetime
    rows_waiting: int = 0


class LockReleased(Asked):
    name: Text
    key: Text
    reason: Reason


class LockTaken(Told):
    """A lock and who held it."""

    name: str
    key: str
    holder: str
    holder_type: str
    taken_at: datetime


class HeldLock(LockTaken):
    expires_at: datetime
    is_expired: bool
    waiters: int


class LetterChoice(Asked):
    """Which open dead letters: all that is given has to fit."""

    ids: Annotated[list[Number], Field(max_length=1000)] = []
    group: Text | None = None
    consumer: Text | None = None
    wire_type: Text | None = None
    key: Text | None = None
    containing: Text | None = None
    older_than_seconds: Seconds | None = None
    newer_than_seconds: Seconds | None = None


class Letter(Told):
    id: int
    consumer: str
    key: str | None
    wire_type: str | None
    reason: str
    error: str
    attempts: int
    dead_at: datetime
    message_id: UUID | None
    group: str


class LetterGroup(Told):
    """Letters with the same mistake; `error` is without its ids and numbers."""

    group: str
    consumer: str
    wire_type: str | None
    reason: str
    error: str
    letters: int
    keys: int
    first: datetime
    last: datetime
    example: str


class LetterCount(Told):
    letters: int
    redrivable: int
    keys: int


class RedriveAsked(Asked):
    """One wave: look how it goes before the next, which may be larger."""

    letters: LetterChoice
    reason: Reason
    limit: Annotated[int, Field(ge=1, le=1000)] = 1


class RedriveEntered(Told):
    """`action` is what to ask for how it goes; null where no letter fits that can be redriven."""

    action: int | None
    letters: list[int]


class LetterFate(Told):
    id: int
    consumer: str
    key: str | None
    fate: Fate
    error: str | None


class RedriveProgress(Told):
    counts: dict[Fate, int]
    letters: list[LetterFate]


class ArchiveAsked(Asked):
    letters: LetterChoice
    reason: Reason


class Archived(Told):
    letters: list[int]
