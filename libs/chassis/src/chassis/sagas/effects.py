"""What a transition asks to be done, with it and in its transaction."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.messaging.contracts import Command, Reply
from chassis.messaging.envelope import Direction
from chassis.sagas.state import LogEntry, Parent, SagaInstance
from chassis.sagas.steps import LocalFunction, LocalStep, SentStep, SubSagaStep


@dataclass(frozen=True, slots=True, kw_only=True)
class SendCommand:
    """To be sent with the transition.

    `answer_by` is when its time-out falls due; None for a notification, which nobody answers.
    """

    step: SentStep
    direction: Direction
    attempt: int
    command: Command
    message_id: UUID
    causation_id: UUID | None
    answer_by: datetime | None

    @property
    def wire_direction(self) -> Direction:
        """What undoes a sub-saga is the first that a participant hears of its step: an action."""
        return Direction.ACTION if isinstance(self.step, SubSagaStep) else self.direction


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLocal:
    """To be run with the transition, in its transaction."""

    step: LocalStep
    direction: Direction
    data: Any
    causation_id: UUID | None

    @property
    def function(self) -> LocalFunction[Any]:
        if self.direction is Direction.ACTION:
            return self.step.action
        assert self.step.compensation is not None, "only what has a compensation is undone"
        return self.step.compensation


@dataclass(frozen=True, slots=True, kw_only=True)
class StartSubSaga:
    """To be started with the transition, under the id that is given."""

    step: SubSagaStep
    direction: Direction
    saga_id: UUID
    data: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnSubSagaBack:
    """To be told with the transition: it shall go back."""

    step: SubSagaStep
    direction: Direction
    saga_id: UUID
    message_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerParent:
    """To be sent with the transition: how this saga has ended."""

    parent: Parent
    reply: Reply


Effect = SendCommand | RunLocal | StartSubSaga | TurnSubSagaBack | AnswerParent


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """An instance before and after one thing that happened.

    `effects` are to be carried out in their order; `entries` are what the log says of it.
    """

    before: SagaInstance
    after: SagaInstance
    effects: tuple[Effect, ...]
    entries: tuple[LogEntry, ...]
