"""What a transition asks to be done, with it and in its transaction."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.messaging.contracts import Command
from chassis.messaging.envelope import Direction
from chassis.sagas.state import LogEntry, SagaInstance
from chassis.sagas.steps import CommandStep, LocalFunction, LocalStep


@dataclass(frozen=True, slots=True, kw_only=True)
class SendCommand:
    """To be sent with the transition; `answer_by` is when its time-out falls due."""

    step: CommandStep
    direction: Direction
    attempt: int
    command: Command
    message_id: UUID
    causation_id: UUID | None
    answer_by: datetime


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


Effect = SendCommand | RunLocal


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """An instance before and after one thing that happened.

    `effects` are to be carried out in their order; `entries` are what the log says of it.
    """

    before: SagaInstance
    after: SagaInstance
    effects: tuple[Effect, ...]
    entries: tuple[LogEntry, ...]
