"""One transition in the making: what all rules are written with."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from chassis.messaging.contracts import Reply
from chassis.messaging.envelope import Direction
from chassis.sagas.definition import SagaDefinition
from chassis.sagas.effects import Effect, RunLocal, SendCommand, StartSubSaga, Transition
from chassis.sagas.happened import Happened, ParentTurned, Replied
from chassis.sagas.journal import Journal
from chassis.sagas.moves import branches
from chassis.sagas.retry import Random
from chassis.sagas.state import Branch, BranchState, EntryKind, SagaInstance, SagaState
from chassis.sagas.steps import (
    DEFAULT_TIMEOUT,
    AwaitedStep,
    LocalStep,
    NotifyStep,
    ParallelStep,
    SentStep,
    Step,
    StepKind,
    SubSagaStep,
)


class Move:
    """An instance as it changes, what is to be done with it, and what the log will say.

    Nothing here decides: that is for the rules. They speak of steps; whether a step is waited for
    alone or in a group is kept here and in `branches`.
    """

    def __init__(
        self,
        saga: SagaDefinition,
        instance: SagaInstance,
        happened: Happened,
        *,
        now: datetime,
        new_id: Callable[[], UUID],
        random: Random,
    ) -> None:
        self.saga = saga
        self.now = now
        self.new_id = new_id
        self.instance = instance
        self.journal = Journal(now)
        self.effects: list[Effect] = []
        self._random = random
        self._before = instance
        self._cause = (
            happened.message_id
            if isinstance(happened, Replied | ParentTurned)
            else instance.command_id
        )

    @property
    def transition(self) -> Transition:
        return Transition(
            before=self._before,
            after=self.instance,
            effects=tuple(self.effects),
            entries=tuple(self.journal.entries),
        )

    def set(self, **changes: Any) -> None:
        """Change the instance that is in the making: the first change makes it."""
        if self.instance is self._before:
            self.instance = self._before.copy()
        for name, value in changes.items():
            setattr(self.instance, name, value)

    def log(self, kind: EntryKind, **about: Any) -> None:
        self.journal.write(kind, self.instance, **about)

    # What is waited for

    @property
    def awaited(self) -> list[AwaitedStep]:
        """The steps whose answers the saga waits for, or that a person has to look at."""
        if self.instance.branches is not None:
            return [self.awaited_step(one.step) for one in branches.unanswered(self.instance)]
        if self.instance.is_held:
            return []
        return [self.awaited_step(None)]

    def awaited_step(self, name: str | None) -> AwaitedStep:
        """The step of that name in the group that is under way, or the only one."""
        name = name or self.instance.step
        assert name is not None, "an instance that has not ended waits for a step"
        step = self.saga.single_step(name)
        assert not isinstance(step, LocalStep | NotifyStep), "nobody answers it"
        return step

    def wait_for(self, step: AwaitedStep) -> SagaInstance | Branch:
        """What is kept of the wait for a step: attempt, command and time."""
        if self.instance.branches is None:
            return self.instance
        return branches.of(self.instance.branches, step.name)

    def attempt_of(self, step: AwaitedStep) -> int:
        return self.wait_for(step).attempt

    def _wait(
        self, step: AwaitedStep, attempt: int, command_id: UUID, due_at: datetime | None
    ) -> None:
        # why an earlier attempt was in vain is told until the step is done
        fresh = {"error": None} if attempt == 1 else {}
        self._keep(step, attempt=attempt, command_id=command_id, due_at=due_at, **fresh)

    def _keep(self, step: AwaitedStep, **wait: Any) -> None:
        if self.instance.branches is None:
            self.set(step=step.name, state=self.live_state, **wait)
        else:
            self._keep_branch(step, state=BranchState.WAITING, **wait)

    def _keep_branch(self, step: AwaitedStep, **changes: Any) -> None:
        assert self.instance.branches is not None, "no group is under way"
        changed = branches.changed(self.instance.branches, step.name, **changes)
        self.set(**branches.summary(changed, self.live_state))

    # What is done

    def run(self, step: LocalStep) -> None:
        """Do or undo a local step."""
        self.effects.append(
            RunLocal(
                step=step,
                direction=self.instance.direction,
                data=self.instance.data,
                causation_id=self._cause,
            )
        )
        self.log(EntryKind.LOCAL, step=step, attempt=1)

    def notify(self, step: NotifyStep) -> None:
        """Send a command that nobody answers."""
        effect = self._command(step, attempt=1, answer_by=None)
        self._log_sent(EntryKind.NOTIFIED, step, effect)

    def send(self, step: AwaitedStep, attempt: int, kind: EntryKind | None = None) -> None:
        """Send the command of a step, or start its sub-saga, and wait for the answer."""
        if isinstance(step, SubSagaStep) and self.instance.direction is Direction.ACTION:
            self._start(step, attempt)
            return
        delay = step.retry.delay(attempt - 1, self._random)
        answer_by = self.now + (step.timeout or DEFAULT_TIMEOUT) + delay
        effect = self._command(step, attempt, answer_by)
        self._wait(step, attempt, effect.message_id, answer_by)
        self._log_sent(
            kind or (EntryKind.COMMAND if attempt == 1 else EntryKind.RETRY), step, effect
        )

    def _command(self, step: SentStep, attempt: int, answer_by: datetime | None) -> SendCommand:
        direction = self.instance.direction
        function: Any = step.action if direction is Direction.ACTION else step.compensation
        assert function is not None, "only what has a compensation is undone"
        effect = SendCommand(
            step=step,
            direction=direction,
            attempt=attempt,
            command=function(self.instance.data),
            message_id=self.new_id(),
            causation_id=self._cause,
            answer_by=answer_by,
        )
        self.effects.append(effect)
        return effect

    def _log_sent(self, kind: EntryKind, step: SentStep, effect: SendCommand) -> None:
        self.log(
            kind,
            step=step,
            attempt=effect.attempt,
            message_id=effect.message_id,
            detail=effect.command.wire_type,
        )

    def _start(self, step: SubSagaStep, attempt: int) -> None:
        effect = StartSubSaga(
            step=step,
            direction=self.instance.direction,
            saga_id=self.new_id(),
            data=step.action(self.instance.data),
        )
        self.effects.append(effect)
        due_at = self.now + step.timeout if step.timeout is not None else None
        self._wait(step, attempt, effect.saga_id, due_at)
        self.log(
            EntryKind.SUB_SAGA,
            step=step,
            message_id=effect.saga_id,
            detail=f"{step.saga.saga_type} version {step.saga.version}",
        )

    def send_again_later(self, step: AwaitedStep, error: str) -> None:
        """Wait before the next attempt; in a pause, the wait begins when that ends."""
        begins = self.instance.paused_at or self.now
        delay = step.retry.delay(self.attempt_of(step), self._random)
        self._keep(step, command_id=None, due_at=begins + delay, error=error)

    def open_group(self, group: ParallelStep) -> None:
        """From here on, what is sent is sent side by side."""
        self.set(step=group.name, command_id=None, branches=())

    def settle(self, step: AwaitedStep) -> bool:
        """Wait for a step no more; returns whether nothing else is waited for either."""
        if self.instance.branches is None:
            self.set(state=self.live_state, error=None)
            return True
        self._keep_branch(step, state=BranchState.DONE, due_at=None, error=None)
        if branches.unanswered(self.instance):
            return False
        self.set(branches=None)
        return True

    def hold(self) -> None:
        """Rest where all that was waited for has come, until the saga is resumed."""
        self.set(attempt=0, command_id=None, due_at=None)

    def rest(self, rested: timedelta) -> None:
        """Move on all times by as long as the saga was paused."""
        instance = self.instance
        self.set(
            due_at=instance.due_at and instance.due_at + rested,
            deadline=instance.deadline and instance.deadline + rested,
            branches=instance.branches and branches.later(instance.branches, rested),
        )

    def park(self, step: AwaitedStep, error: str) -> None:
        """Stop, for somebody to look at it; what else is waited for is waited for still."""
        if self.instance.branches is None:
            self.set(state=SagaState.NEEDS_ATTENTION, due_at=None, error=error)
        else:
            self._keep_branch(step, state=BranchState.PARKED, due_at=None, error=error)
        self.log(EntryKind.PARKED, step=step, attempt=self.attempt_of(step), detail=error)

    def note(self, step: AwaitedStep, reply: Reply) -> None:
        """Take note of a reply in the saga's data, if the step does."""
        note = step.note(reply)
        if note is not None:
            self.set(data=note(self.instance.data, reply))

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
