"""The steps that a saga is made of; the functions that declare them are in `declaring`."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.messaging.contracts import Command, Refusal, Reply
from chassis.persistence.loading import Load
from chassis.sagas.family import SagaCompensated, SagaCompleted
from chassis.sagas.retry import Retry

if TYPE_CHECKING:
    from chassis.sagas.definition import SagaDefinition

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


class OnTimeout(StrEnum):
    """What becomes of a step whose answer does not come in time."""

    COMPENSATE = "compensate"
    RESEND = "resend"
    ASK = "ask"


COMPENSATE = OnTimeout.COMPENSATE
"""It is given up, and the saga goes back: for compensatable steps, whose default it is."""
RESEND = OnTimeout.RESEND
"""Its command is sent again, as `retry` says; at last the saga goes back, or needs attention."""
ASK = OnTimeout.ASK
"""The saga needs attention at once: a person decides."""


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


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
    on_timeout: OnTimeout
    retry: Retry
    replies: Mapping[type[Reply], Note[Any]] = field(default_factory=dict)
    refusals: Mapping[type[Refusal], Note[Any]] = field(default_factory=dict)

    def note(self, reply: Reply) -> Note[Any] | None:
        """What the saga's data takes note of in this reply."""
        if isinstance(reply, Refusal):
            return self.refusals.get(type(reply))
        return self.replies.get(type(reply))


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyStep:
    """A command that nobody answers; see `notify`."""

    name: str
    action: CommandFunction[Any]
    compensation: CommandFunction[Any] | None
    kind: StepKind
    when: Condition[Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubSagaStep:
    """A saga of the same service that is one step of this one; see `sub_saga`."""

    name: str
    saga: "SagaDefinition"
    action: Callable[[Any], BaseModel]
    compensation: CommandFunction[Any] | None
    kind: StepKind
    when: Condition[Any] | None
    timeout: timedelta | None
    on_timeout: OnTimeout
    retry: Retry
    on_completed: Note[Any] | None
    on_compensated: Note[Any] | None

    @property
    def key(self) -> tuple[str, int]:
        """Type and version of the saga that it starts."""
        return self.saga.saga_type, self.saga.version

    @property
    def replies(self) -> Mapping[type[Reply], Note[Any]]:
        return {SagaCompleted: self._noting(self.on_completed)} if self.on_completed else {}

    @property
    def refusals(self) -> Mapping[type[Refusal], Note[Any]]:
        return {SagaCompensated: self._noting(self.on_compensated)} if self.on_compensated else {}

    def note(self, reply: Reply) -> Note[Any] | None:
        """What the saga's data takes note of in the data that its child ended with."""
        if isinstance(reply, Refusal):
            return self.refusals.get(type(reply))
        return self.replies.get(type(reply))

    def _noting(self, note: Note[Any]) -> Note[Any]:
        return lambda data, reply: note(data, self.saga.data_type.model_validate(reply.data))


@dataclass(frozen=True, slots=True, kw_only=True)
class ParallelStep:
    """Steps that are under way at the same time; see `parallel`."""

    name: str
    steps: tuple[CommandStep, ...]

    @property
    def kind(self) -> StepKind:
        """All of them are of one kind."""
        return self.steps[0].kind


AwaitedStep = CommandStep | SubSagaStep
"""A step whose answer comes later, by a message."""
SentStep = CommandStep | NotifyStep | SubSagaStep
"""A step for which a command may be sent, be it to undo it."""
SingleStep = LocalStep | CommandStep | NotifyStep | SubSagaStep
Step = SingleStep | ParallelStep
