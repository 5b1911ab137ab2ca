"""What can happen to an instance of a saga."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from chassis.messaging.contracts import Reply
from chassis.messaging.envelope import Direction
from chassis.sagas.state import Branch, SagaInstance


@dataclass(frozen=True, slots=True)
class Started:
    """The instance was made and has to take its first steps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replied:
    """A participant answered `command_id`, which was sent for this step and direction.

    `body` is the reply as it came, where some step takes note of its type.
    """

    reply: Reply
    wire_type: str
    message_id: UUID
    step: str
    direction: Direction
    command_id: UUID | None
    body: str | None = None


@dataclass(frozen=True, slots=True)
class TimedOut:
    """The answer to the last command did not come in time; in a group, `step` says whose."""

    step: str | None = None


@dataclass(frozen=True, slots=True)
class RetryDue:
    """The wait before the next attempt is over; in a group, `step` says whose."""

    step: str | None = None


@dataclass(frozen=True, slots=True)
class DeadlinePassed:
    """The saga's deadline has passed."""


class Intervention(StrEnum):
    """What an operator may do to an instance; `chassis.sagas.moves.interventions` has the rules."""

    RETRY = "RETRY"
    SKIP = "SKIP"
    COMPENSATE = "COMPENSATE"
    COMPLETE = "COMPLETE"
    CANCEL = "CANCEL"
    PAUSE = "PAUSE"
    RESUME = "RESUME"


@dataclass(frozen=True, slots=True)
class ParentTurned:
    """The saga that this one is a step of goes back."""

    message_id: UUID


@dataclass(frozen=True, slots=True)
class Intervened:
    """Somebody decided what is to become of the instance, and says why."""

    move: Intervention
    reason: str
    by: str


class InterventionRefusedError(Exception):
    """An intervention is not possible as the instance stands: says why, and what is."""


Happened = Started | Replied | TimedOut | RetryDue | DeadlinePassed | ParentTurned | Intervened


def due(instance: SagaInstance, now: datetime) -> TimedOut | RetryDue | DeadlinePassed | None:
    """What has fallen due for an instance, if anything; the deadline goes before the rest."""
    if not instance.state.is_live or instance.paused_at is not None:
        return None
    if instance.deadline is not None and instance.deadline <= now:
        return DeadlinePassed()
    if instance.due_at is None or instance.due_at > now:
        return None
    if instance.branches is None:
        return RetryDue() if instance.command_id is None else TimedOut()
    first = min(filter(_is_timed, instance.branches), key=_due_at)
    return RetryDue(first.step) if first.command_id is None else TimedOut(first.step)


def _is_timed(branch: Branch) -> bool:
    return branch.due_at is not None


def _due_at(branch: Branch) -> datetime:
    assert branch.due_at is not None, "only what is timed falls due"
    return branch.due_at
