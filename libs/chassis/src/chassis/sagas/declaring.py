"""The functions that declare the steps of a saga."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel

from chassis.persistence.loading import Load
from chassis.sagas.retry import Retry
from chassis.sagas.steps import (
    COMPENSATABLE,
    DEFAULT_TIMEOUT,
    CommandFunction,
    CommandStep,
    Condition,
    D,
    LocalFunction,
    LocalStep,
    Note,
    NotifyStep,
    OnTimeout,
    ParallelStep,
    StepKind,
    SubSagaStep,
)

if TYPE_CHECKING:
    from chassis.sagas.definition import Saga

C = TypeVar("C", bound=BaseModel)


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
    on_timeout: OnTimeout | None = None,
    retry: Retry | None = None,
    replies: Mapping[type[Any], Note[D]] | None = None,
    refusals: Mapping[type[Any], Note[D]] | None = None,
) -> CommandStep:
    """A step named after `action`, which gives the command to send for the saga's data.

    `replies` and `refusals` take note, by reply class: `(data, reply) -> data`; a reply of a class
    that is not named there counts all the same and leaves the data as they are. `timeout` is how
    long an answer, to the compensation too, is waited for. `on_timeout` is what happens then: a
    compensatable step is given up and undone, and a pivot or a retriable one is sent again, unless
    it says otherwise; a compensation is always sent again. `retry` spaces out repeated commands.
    """
    return CommandStep(
        name=_name(action),
        action=action,
        compensation=compensation,
        kind=kind,
        when=when,
        timeout=timeout,
        on_timeout=on_timeout or _unless_compensatable(kind, OnTimeout.RESEND),
        retry=retry or Retry(),
        replies=dict(replies or {}),
        refusals=dict(refusals or {}),
    )


def notify(
    action: CommandFunction[D],
    *,
    compensation: CommandFunction[D] | None = None,
    kind: StepKind = COMPENSATABLE,
    when: Condition[D] | None = None,
) -> NotifyStep:
    """A step named after `action`, which gives a command that nobody answers.

    It is done as soon as it is sent, and undone likewise. Its handler does its best: the saga does
    not learn what becomes of it, so use it for nothing that later steps rely on.
    """
    return NotifyStep(
        name=_name(action), action=action, compensation=compensation, kind=kind, when=when
    )


def parallel(*steps: CommandStep, name: str) -> ParallelStep:
    """Commands that are under way at the same time; the saga goes on when all are answered.

    They are all compensatable or all retriable; a pivot stands alone. The first refusal or time-out
    of a compensatable one turns the saga back at once, and they are undone at the same time too.
    All of their commands are made of the data as they are before the first answer.
    """
    return ParallelStep(name=name, steps=steps)


def sub_saga(
    saga: "type[Saga[C]]",
    *,
    data: Callable[[D], C],
    compensation: CommandFunction[D] | None = None,
    kind: StepKind = COMPENSATABLE,
    when: Condition[D] | None = None,
    timeout: timedelta | None = None,
    on_timeout: OnTimeout | None = None,
    retry: Retry | None = None,
    on_completed: Callable[[D, C], D] | None = None,
    on_compensated: Callable[[D, C], D] | None = None,
) -> SubSagaStep:
    """A step named after `data`, which gives the data that a saga of this service starts with.

    It starts in the same transaction, about the same subject. Completed, it is a success; undone,
    a refusal: a retriable step starts another one then. `on_completed` and `on_compensated` are
    `(data, child's data) -> data` and take note of what it ended with. A saga that goes back asks a
    child that is under way to do the same, and waits for its end: until its pivot it can, and later
    `compensation` gives the command that undoes what it has done. There is no time-out unless
    `timeout` says so. The service's topology has to name its reply channel in `sends_to`.
    """
    return SubSagaStep(
        name=_name(data),
        saga=saga,
        action=data,
        compensation=compensation,
        kind=kind,
        when=when,
        timeout=timeout,
        on_timeout=on_timeout or _unless_compensatable(kind, OnTimeout.ASK),
        retry=retry or Retry(),
        on_completed=on_completed,
        on_compensated=on_compensated,
    )


def _unless_compensatable(kind: StepKind, otherwise: OnTimeout) -> OnTimeout:
    return OnTimeout.COMPENSATE if kind is COMPENSATABLE else otherwise


def _name(action: Callable[..., Any]) -> str:
    return str(getattr(action, "__name__", ""))
