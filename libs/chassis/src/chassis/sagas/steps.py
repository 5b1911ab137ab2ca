"""The steps that a saga is made of, and the functions that declare them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, TypeVar

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.messaging.contracts import Command, Refusal, Reply
from chassis.persistence.loading import Load

D = TypeVar("D", bound=BaseModel)

LocalFunction = Callable[[D, AsyncSession], Awaitable[None]]
CommandFunction = Callable[[D], Command]
Condition = Callable[[D], bool]
Note = Callable[[D, Any], D]


class StepKind(StrEnum):
    """What a step means for the way back."""

    COMPENSATABLE = "compensatable"
    PIVOT = "pivot"
    RETRIABLE = "retriable"


COMPENSATABLE = StepKind.COMPENSATABLE
"""It can be undone: a refusal or a time-out sends the saga back."""
PIVOT = StepKind.PIVOT
"""The point of no return: once it has succeeded, the saga goes on to its end."""
RETRIABLE = StepKind.RETRIABLE
"""It is tried until it succeeds: neither a refusal nor a time-out sends the saga back."""


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How a step that may not fail is tried again, before its saga needs attention.

    `first` is the wait after the first attempt; it is multiplied by `factor` each time, up to
    `longest`. `attempts` counts the first one too; the default tries for about a quarter hour.
    """

    first: timedelta = timedelta(seconds=1)
    factor: float = 2.0
    longest: timedelta = timedelta(minutes=1)
    attempts: int = 20

    def delay(self, attempt: int) -> timedelta:
        """The wait after that many attempts; nothing before the first."""
        if attempt == 0:
            return timedelta()
        return min(self.first * self.factor ** (attempt - 1), self.longest)


DEFAULT_TIMEOUT = seconds(30)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalStep:
    """A step in the orchestrating service's own database; see `local`."""

    name: str
    action: LocalFunction[Any]
    compensation: LocalFunction[Any] | None
    kind: StepKind
    when: Condition[Any] | None
    loads: tuple[Load, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandStep:
    """A step that another service does; see `command`."""

    name: str
    action: CommandFunction[Any]
    compensation: CommandFunction[Any] | None
    kind: StepKind
    when: Condition[Any] | None
    timeout: timedelta
    retry: Retry
    replies: Mapping[type[Reply], Note[Any]] = field(default_factory=dict)
    refusals: Mapping[type[Refusal], Note[Any]] = field(default_factory=dict)

    def note(self, reply: Reply) -> Note[Any] | None:
        """What the saga's data takes note of in this reply."""
        if isinstance(reply, Refusal):
            return self.refusals.get(type(reply))
        return self.replies.get(type(reply))


Step = LocalStep | CommandStep


def local(
    action: LocalFunction[D],
    *,
    compensation: LocalFunction[D] | None = None,
    kind: StepKind = COMPENSATABLE,
    when: Condition[D] | None = None,
    loads: Sequence[Load] = (),
) -> LocalStep:
    """A step named after `action`, which runs in the orchestrator's own transaction.

    The functions are `async (data, session) -> None` and never commit. They raise only for what is
    broken: the transaction is then rolled back and tried again, and the saga never takes it for a
    refusal. `when` skips the step if it is false at the time. What `loads` names by the saga's data
    is loaded and locked for a whole batch of sagas beforehand.
    """
    return LocalStep(
        name=_name(action),
        action=action,
        compensation=compensation,
        kind=kind,
        when=when,
        loads=tuple(loads),
    )


def command(
    action: CommandFunction[D],
    *,
    compensation: CommandFunction[D] | None = None,
    kind: StepKind = COMPENSATABLE,
    when: Condition[D] | None = None,
    timeout: timedelta = DEFAULT_TIMEOUT,
    retry: Retry | None = None,
    replies: Mapping[type[Any], Note[D]] | None = None,
    refusals: Mapping[type[Any], Note[D]] | None = None,
) -> CommandStep:
    """A step named after `action`, which gives the command to send for the saga's data.

    `replies` and `refusals` take note, by reply class: `(data, reply) -> data`; a reply of a class
    that is not named there counts all the same and leaves the data as they are. `timeout` is how
    long an answer, to the compensation too, is waited for: then a compensatable step is given up
    and undone, and everything else is sent again. `retry` spaces out repeated commands.
    """
    return CommandStep(
        name=_name(action),
        action=action,
        compensation=compensation,
        kind=kind,
        when=when,
        timeout=timeout,
        retry=retry or Retry(),
        replies=dict(replies or {}),
        refusals=dict(refusals or {}),
    )


def _name(action: Callable[..., Any]) -> str:
    return str(getattr(action, "__name__", ""))
