"""One transition in the making: what all rules are written with."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from chassis.messaging.contracts import Reply
from chassis.messaging.envelope import Direction
from chassis.sagas.definition import SagaDefinition
from chassis.sagas.effects import Effect, RunLocal, SendCommand, Transition
from chassis.sagas.happened import Happened, Replied
from chassis.sagas.journal import Journal
from chassis.sagas.state import EntryKind, SagaInstance, SagaState
from chassis.sagas.steps import CommandStep, LocalStep, Step, StepKind


class Move:
    """An instance as it changes, what is to be done with it, and what the log will say.

    Nothing here decides: that is for the rules.
    """

    def __init__(
        self,
        saga: SagaDefinition,
        instance: SagaInstance,
        happened: Happened,
        now: datetime,
        new_id: Callable[[], UUID],
    ) -> None:
        self.saga = saga
        self.now = now
        self.instance = instance
        self.journal = Journal(now)
        self._before = instance
        self._effects: list[Effect] = []
        self._new_id = new_id
        self._cause = happened.message_id if isinstance(happened, Replied) else instance.command_id

    @property
    def transition(self) -> Transition:
        return Transition(
            before=self._before,
            after=self.instance,
            effects=tuple(self._effects),
            entries=tuple(self.journal.entries),
        )

    def set(self, **changes: Any) -> None:
        """Change the instance that is in the making: the first change makes it."""
        if self.instance is self._before:
            self.instance = replace(self._before)
        for name, value in changes.items():
            setattr(self.instance, name, value)

    def log(self, kind: EntryKind, **about: Any) -> None:
        self.journal.write(kind, self.instance, **about)

    def run(self, step: LocalStep) -> None:
        """Do or undo a local step."""
        self._effects.append(
            RunLocal(
                step=step,
                direction=self.instance.direction,
                data=self.instance.data,
                causation_id=self._cause,
            )
        )
        self.log(EntryKind.LOCAL, step=step, attempt=1)

    def send(self, step: CommandStep, attempt: int, kind: EntryKind | None = None) -> None:
        """Send the command of a step, and wait for its answer."""
        direction = self.instance.direction
        function = step.action if direction is Direction.ACTION else step.compensation
        assert function is not None, "only what has a compensation is undone"
        effect = SendCommand(
            step=step,
            direction=direction,
            attempt=attempt,
            command=function(self.instance.data),
            message_id=self._new_id(),
            causation_id=self._cause,
            answer_by=self.now + step.timeout + step.retry.delay(attempt - 1),
        )
        self._effects.append(effect)
        self.set(
            step=step.name, attempt=attempt, command_id=effect.message_id, due_at=effect.answer_by
        )
        self.log(
            kind or (EntryKind.COMMAND if attempt == 1 else EntryKind.RETRY),
            step=step,
            message_id=effect.message_id,
            detail=effect.command.wire_type,
        )

    def send_again_in(self, delay: timedelta, error: str) -> None:
        """Wait before the next attempt; in a pause, the wait begins when it ends."""
        begins = self.instance.paused_at or self.now
        self.set(state=self.live_state, command_id=None, due_at=begins + delay, error=error)

    def hold(self) -> None:
        """Rest where all that was waited for has come, until the saga is resumed."""
        self.set(attempt=0, command_id=None, due_at=None)

    def park(self, error: str) -> None:
        """Stop, for somebody to look at it."""
        self.set(state=SagaState.NEEDS_ATTENTION, due_at=None, error=error)
        self.log(EntryKind.PARKED, step=self.awaited, detail=error)

    def end(self, state: SagaState) -> None:
        self.set(
            state=state,
            step=None,
            attempt=0,
            command_id=None,
            due_at=None,
            deadline=None,
            paused_at=None,
            ended_at=self.now,
        )
        self.log(EntryKind.ENDED, outcome=state)

    def note(self, step: CommandStep, reply: Reply) -> None:
        """Take note of a reply in the saga's data, if the step does."""
        note = step.note(reply)
        if note is not None:
            self.set(data=note(self.instance.data, reply))

    @property
    def awaited(self) -> CommandStep:
        """The step whose answer the saga waits for."""
        assert self.instance.step is not None, "an instance that has not ended waits for a step"
        step = self.saga.step(self.instance.step)
        assert isinstance(step, CommandStep), "only the answers to commands are waited for"
        return step

    @property
    def live_state(self) -> SagaState:
        """The state in which the saga moves by itself, in its direction."""
        is_action = self.instance.direction is Direction.ACTION
        return SagaState.RUNNING if is_action else SagaState.COMPENSATING

    def may_go_back(self, step: Step) -> bool:
        return self.instance.direction is Direction.ACTION and step.kind is StepKind.COMPENSATABLE

    def told(self, step: Step) -> str:
        """A step in the words of errors."""
        is_action = self.instance.direction is Direction.ACTION
        return f"'{step.name}'" if is_action else f"undoing '{step.name}'"
