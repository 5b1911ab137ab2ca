"""How a saga moves: pure functions from what happened to the new state and what is to be done.

Nothing here does I/O, and time and ids are given; the orchestrator and the unit-test DSL drive the
same code. The rules:

- A success goes on to the next step. Local steps on the way are done in the same transition: their
  failure rolls its transaction back, so none of it has happened.
- A refusal before or at the pivot undoes, backwards, every step that is done.
- A compensatable step whose answer does not come in time is given up and undone as well, for it may
  have happened; the participant's barrier makes undoing what never happened harmless.
- The pivot, a retriable step and a compensation are sent again when no answer comes, under the same
  saga, step and direction; a refusal of the latter two is tried again after a wait.
- What was tried often enough in vain parks the saga as NEEDS_ATTENTION. The answer that was missing
  sets it going again, if it comes after all.
- The deadline undoes the saga while it is at a compensatable step; later it is only recorded.
- An answer that is not waited for changes nothing and is recorded. A success counts for its step
  whichever attempt it answers, since a participant does a step once; a refusal counts only for the
  last attempt.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, assert_never
from uuid import UUID

from chassis.messaging.contracts import Reply
from chassis.messaging.envelope import Direction
from chassis.sagas.definition import SagaDefinition
from chassis.sagas.effects import Effect, RunLocal, SendCommand, Transition
from chassis.sagas.happened import (
    DeadlinePassed,
    Happened,
    Replied,
    RetryDue,
    Started,
    TimedOut,
)
from chassis.sagas.journal import Journal
from chassis.sagas.state import EntryKind, LogEntry, SagaInstance, SagaState
from chassis.sagas.steps import CommandStep, LocalStep, Step, StepKind


def advance(
    saga: SagaDefinition,
    instance: SagaInstance,
    happened: Happened,
    *,
    now: datetime,
    new_id: Callable[[], UUID],
) -> Transition:
    """Move an instance of `saga` by one thing that happened."""
    move = _Move(saga, instance, happened, now, new_id)
    match happened:
        case Started():
            move.start()
        case Replied():
            move.take_reply(happened)
        case TimedOut():
            move.give_up_waiting()
        case RetryDue():
            move.send_again()
        case DeadlinePassed():
            move.pass_deadline()
        case _:
            assert_never(happened)
    return Transition(
        before=instance, after=move.instance, effects=tuple(move.effects), entries=move.entries
    )


class _Move:
    """One transition in the making."""

    def __init__(
        self,
        saga: SagaDefinition,
        instance: SagaInstance,
        happened: Happened,
        now: datetime,
        new_id: Callable[[], UUID],
    ) -> None:
        self._saga = saga
        self._now = now
        self._new_id = new_id
        self._cause = happened.message_id if isinstance(happened, Replied) else instance.command_id
        self._before = instance
        self.instance = instance
        self.effects: list[Effect] = []
        self._journal = Journal(now)

    @property
    def entries(self) -> tuple[LogEntry, ...]:
        return tuple(self._journal.entries)

    def start(self) -> None:
        if self._saga.deadline is not None:
            self._set(deadline=self._now + self._saga.deadline)
        self._log(EntryKind.STARTED)
        self._go_forward()

    def take_reply(self, replied: Replied) -> None:
        if not _is_awaited(self.instance, replied):
            self._journal.write_reply(EntryKind.IGNORED, self.instance, replied)
        elif replied.reply.refused:
            self._journal.write_reply(EntryKind.REFUSAL, self.instance, replied)
            self._take_refusal(replied)
        else:
            self._journal.write_reply(EntryKind.REPLY, self.instance, replied)
            self._take_success(replied.reply)

    def give_up_waiting(self) -> None:
        step = self._awaited_step()
        self._log(EntryKind.TIMEOUT, step=step, message_id=self.instance.command_id)
        if self._may_go_back(step):
            self._give_up(step)
        elif self.instance.attempt < step.retry.attempts:
            self._send(step, self.instance.attempt + 1)
        else:
            self._park(f"{self._told(step)} was not answered in {self.instance.attempt} attempts")

    def send_again(self) -> None:
        self._send(self._awaited_step(), self.instance.attempt + 1)

    def pass_deadline(self) -> None:
        step = self._awaited_step()
        goes_back = self._may_go_back(step)
        detail = None if goes_back else "too late to go back: recorded only"
        self._log(EntryKind.DEADLINE, step=step, detail=detail)
        self._set(deadline=None)
        if goes_back:
            self._give_up(step)

    def _take_success(self, reply: Reply) -> None:
        step = self._awaited_step()
        self._set(error=None)
        if self.instance.direction is Direction.COMPENSATION:
            self._set(state=SagaState.COMPENSATING, done=self.instance.done[:-1])
            self._go_back()
        else:
            self._note(step, reply)
            self._set(state=SagaState.RUNNING, done=(*self.instance.done, step.name))
            self._go_forward()

    def _take_refusal(self, replied: Replied) -> None:
        step = self._awaited_step()
        if self.instance.direction is Direction.ACTION:
            self._note(step, replied.reply)
            if step.kind is not StepKind.RETRIABLE:
                self._turn_back()
                return
        attempt = self.instance.attempt
        error = f"{self._told(step)} was refused with {replied.wire_type}"
        self._set(command_id=None, due_at=self._now + step.retry.delay(attempt), error=error)
        if attempt >= step.retry.attempts:
            self._park(f"{error} in the last of {attempt} attempts")

    def _give_up(self, step: CommandStep) -> None:
        if self._saga.on_timeout is not None:
            self._set(data=self._saga.on_timeout(self.instance.data))
        self._set(done=(*self.instance.done, step.name))
        self._turn_back()

    def _go_forward(self) -> None:
        for step in self._saga.steps_after(self.instance.step):
            if step.when is not None and not step.when(self.instance.data):
                self._log(EntryKind.SKIPPED, step=step)
            elif isinstance(step, CommandStep):
                self._send(step, attempt=1)
                return
            else:
                self._run(step)
                self._set(done=(*self.instance.done, step.name))
        self._end(SagaState.COMPLETED)

    def _turn_back(self) -> None:
        self._set(
            state=SagaState.COMPENSATING, direction=Direction.COMPENSATION, deadline=None, attempt=0
        )
        self._go_back()

    def _go_back(self) -> None:
        while self.instance.done:
            step = self._saga.step(self.instance.done[-1])
            if step.compensation is not None:
                if isinstance(step, CommandStep):
                    self._send(step, attempt=1)
                    return
                self._run(step)
            self._set(done=self.instance.done[:-1])
        self._end(SagaState.COMPENSATED)

    def _send(self, step: CommandStep, attempt: int) -> None:
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
            answer_by=self._now + step.timeout + step.retry.delay(attempt - 1),
        )
        self.effects.append(effect)
        self._set(
            step=step.name, attempt=attempt, command_id=effect.message_id, due_at=effect.answer_by
        )
        self._log(
            EntryKind.COMMAND if attempt == 1 else EntryKind.RETRY,
            step=step,
            message_id=effect.message_id,
            detail=effect.command.wire_type,
        )

    def _run(self, step: LocalStep) -> None:
        direction = self.instance.direction
        self.effects.append(
            RunLocal(
                step=step,
                direction=direction,
                data=self.instance.data,
                causation_id=self._cause,
            )
        )
        self._log(EntryKind.LOCAL, step=step, attempt=1)

    def _park(self, error: str) -> None:
        self._set(state=SagaState.NEEDS_ATTENTION, due_at=None, error=error)
        self._log(EntryKind.PARKED, step=self._awaited_step(), detail=error)

    def _end(self, state: SagaState) -> None:
        self._set(
            state=state,
            step=None,
            attempt=0,
            command_id=None,
            due_at=None,
            deadline=None,
            ended_at=self._now,
        )
        self._log(EntryKind.ENDED, outcome=state)

    def _note(self, step: CommandStep, reply: Reply) -> None:
        note = step.note(reply)
        if note is not None:
            self._set(data=note(self.instance.data, reply))

    def _awaited_step(self) -> CommandStep:
        assert self.instance.step is not None, "an instance that has not ended waits for a step"
        step = self._saga.step(self.instance.step)
        assert isinstance(step, CommandStep), "only the answers to commands are waited for"
        return step

    def _may_go_back(self, step: Step) -> bool:
        return self.instance.direction is Direction.ACTION and step.kind is StepKind.COMPENSATABLE

    def _told(self, step: Step) -> str:
        is_action = self.instance.direction is Direction.ACTION
        return f"'{step.name}'" if is_action else f"undoing '{step.name}'"

    def _set(self, **changes: Any) -> None:
        """Change the instance that is in the making: the first change makes it."""
        if self.instance is self._before:
            self.instance = replace(self._before)
        for name, value in changes.items():
            setattr(self.instance, name, value)

    def _log(self, kind: EntryKind, **about: Any) -> None:
        self._journal.write(kind, self.instance, **about)


def _is_awaited(instance: SagaInstance, replied: Replied) -> bool:
    if instance.state.is_ended:
        return False
    if (replied.step, replied.direction) != (instance.step, instance.direction):
        return False
    answers_last_command = (
        replied.command_id is not None and replied.command_id == instance.command_id
    )
    return answers_last_command or not replied.reply.refused
