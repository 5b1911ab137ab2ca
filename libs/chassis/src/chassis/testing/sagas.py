"""Unit tests of sagas that read as a storyboard, with no broker and no database.

For example::

    (
        given(CreateOrderSaga, data)
        .expect_local(create_order)
        .expect_command(ReserveCredit(customer_id="c-1", ...)).to("customer.commands")
        .and_given_reply(CreditLimitExceeded())
        .expect_compensation(reject_order)
        .expect_compensated()
    )

The saga is moved by the same pure functions as in production. Every expectation takes the next
thing that the saga does; whatever it does beyond that fails whatever comes next, with the
storyboard so far. End a scenario with the state that is expected.
"""

from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, NoReturn, Self, TypeGuard
from uuid import UUID, uuid4

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.messaging.contracts import Command, Refusal, Reply
from chassis.messaging.envelope import Direction
from chassis.sagas.definition import Saga
from chassis.sagas.effects import (
    Effect,
    RunLocal,
    SendCommand,
    StartSubSaga,
    Transition,
    TurnSubSagaBack,
)
from chassis.sagas.family import SagaCompensated, SagaCompleted
from chassis.sagas.happened import (
    DeadlinePassed,
    Happened,
    Intervened,
    Intervention,
    Replied,
    Started,
    TimedOut,
    due,
)
from chassis.sagas.state import Branch, BranchState, SagaInstance, SagaState
from chassis.sagas.steps import D
from chassis.sagas.transition import advance
from chassis.testing.storyboard import Storyboard, channel_of, run_now

Watcher = Callable[[Transition], None]
Of = Callable[..., Any] | str

_MIDNIGHT = datetime(2026, 1, 1, tzinfo=UTC)


def given(
    saga: type[Saga[D]],
    data: D,
    *,
    session: AsyncSession | None = None,
    watcher: Watcher | None = None,
) -> "SagaScenario[D]":
    """Start a saga with its data.

    Local steps are recorded and not run, unless a stand-in for their session is given: then they
    are run with it at once, so that it must not wait for anything real. `watcher` is told each
    transition; `BranchCoverage.given` gives it.
    """
    return SagaScenario(saga, data, session, watcher)


class SagaScenario(Generic[D]):
    """One way through a saga; see `given`. Its methods raise AssertionError and can be chained."""

    def __init__(
        self,
        saga: type[Saga[D]],
        data: D,
        session: AsyncSession | None,
        watcher: Watcher | None,
    ) -> None:
        self._saga = saga
        self._session = session
        self._watcher = watcher
        self._now = _MIDNIGHT
        self._story = Storyboard(saga, data)
        self._unexpected: deque[Effect] = deque()
        self._expected: Effect | None = None
        self._instance = SagaInstance(
            saga_id=uuid4(),
            saga_type=saga.saga_type,
            definition_version=saga.version,
            subject_key="under-test",
            created_at=self._now,
            data=data,
        )
        self._apply(Started())

    @property
    def data(self) -> D:
        """The saga's data as they are now."""
        data: D = self._instance.data
        return data

    def expect_local(self, action: Callable[..., Any]) -> Self:
        """A local step is done: its function is `action`."""
        effect = self._next(f"local step {action.__name__}")
        if not (
            isinstance(effect, RunLocal)
            and effect.direction is Direction.ACTION
            and effect.step.action is action
        ):
            self._differs(f"local step {action.__name__}", effect)
        return self

    def expect_command(self, command: Command) -> Self:
        """A command is sent, for the first time or again."""
        effect = self._next(f"command {command!r}")
        if not (_is_sent(effect, command) and effect.answer_by is not None):
            self._differs(f"command {command!r}", effect)
        return self

    def expect_notification(self, command: Command) -> Self:
        """A command is sent that nobody answers."""
        effect = self._next(f"notification {command!r}")
        if not (_is_sent(effect, command) and effect.answer_by is None):
            self._differs(f"notification {command!r}", effect)
        return self

    def expect_sub_saga(self, saga: type[Saga[Any]], data: BaseModel) -> Self:
        """A saga is started with these data, as a step of this one."""
        told = f"sub-saga {saga.__name__} with {data!r}"
        effect = self._next(told)
        if not (
            isinstance(effect, StartSubSaga) and effect.step.saga is saga and effect.data == data
        ):
            self._differs(told, effect)
        return self

    def expect_sub_saga_turned_back(self, saga: type[Saga[Any]]) -> Self:
        """The sub-saga that is under way is asked to go back."""
        told = f"word to sub-saga {saga.__name__}: go back"
        effect = self._next(told)
        if not (isinstance(effect, TurnSubSagaBack) and effect.step.saga is saga):
            self._differs(told, effect)
        return self

    def expect_compensation(self, expected: Command | Callable[..., Any]) -> Self:
        """A step is undone: by this command, or by this function."""
        told = f"compensation {getattr(expected, '__name__', repr(expected))}"
        effect = self._next(told)
        if not (isinstance(effect, SendCommand | RunLocal) and _undoes(effect, expected)):
            self._differs(told, effect)
        return self

    def to(self, channel: str) -> Self:
        """The command just expected goes to this channel, such as `customer.commands`."""
        if not isinstance(self._expected, SendCommand):
            self._fail(f"to({channel!r}) goes after an expected command")
        actual = channel_of(self._expected.command)
        if actual != channel:
            self._fail(f"expected: to {channel}\nactual:   to {actual}")
        return self

    def expect_data(self, **fields: Any) -> Self:
        """These fields of the saga's data have these values."""
        actual = {name: getattr(self.data, name) for name in fields}
        if actual != fields:
            self._fail(f"expected: data with {fields}\nactual:   {actual}")
        return self

    def and_given_reply(self, reply: Reply, *, of: Of | None = None) -> Self:
        """The participant answers the last command; a Refusal refuses it.

        `of` says which step's, by its function, while several are under way.
        """
        self._expect_nothing_more()
        step = self._step(of)
        command_id = self._command_id(step)
        if command_id is None:
            self._fail(f"given {reply!r}, but the saga waits for no answer: {self._state()}")
        return self._happen(
            Replied(
                reply=reply,
                wire_type=getattr(reply, "wire_type", type(reply).__name__),
                message_id=uuid4(),
                step=step,
                direction=self._instance.direction,
                command_id=command_id,
            ),
            f"given reply {reply!r}{_told_of(of)}",
        )

    def and_given_success(self, *, of: Of | None = None) -> Self:
        """The participant answers with a success that the saga takes no note of."""
        return self.and_given_reply(Reply(), of=of)

    def and_given_refusal(self, *, of: Of | None = None) -> Self:
        """The participant refuses with something that the saga takes no note of."""
        return self.and_given_reply(Refusal(), of=of)

    def and_given_sub_saga_completed(self, data: BaseModel) -> Self:
        """The sub-saga has done everything, and ended with these data."""
        return self.and_given_reply(SagaCompleted(saga_id=self._child(), data=data.model_dump()))

    def and_given_sub_saga_compensated(self, data: BaseModel) -> Self:
        """The sub-saga has undone everything, and ended with these data."""
        return self.and_given_reply(SagaCompensated(saga_id=self._child(), data=data.model_dump()))

    def and_given_timeout(self, *, of: Of | None = None) -> Self:
        """The answer to the last command does not come in time; `of` is as in `and_given_reply`."""
        self._expect_nothing_more()
        step = self._step(of)
        due_at = self._due_at(step)
        if self._command_id(step) is None or due_at is None:
            self._fail(f"given a time-out, but the saga waits for no answer: {self._state()}")
        self._now = max(self._now, due_at)
        timed_out = TimedOut() if self._instance.branches is None else TimedOut(step)
        return self._happen(timed_out, f"given time-out{_told_of(of)}")

    def and_given_deadline(self) -> Self:
        """The saga's deadline passes."""
        self._expect_nothing_more()
        if self._instance.deadline is None:
            self._fail(f"given the deadline, but the saga has none any more: {self._state()}")
        self._now = max(self._now, self._instance.deadline)
        return self._happen(DeadlinePassed(), "given deadline")

    def and_given_intervention(
        self, move: Intervention, *, reason: str = "a test", by: str = "an operator"
    ) -> Self:
        """An operator intervenes; raises InterventionRefusedError if that is not possible now."""
        self._expect_nothing_more()
        return self._happen(Intervened(move, reason, by), f"given {move}")

    def and_given_cancellation(self, *, reason: str = "changed my mind") -> Self:
        """A user cancels the saga; raises InterventionRefusedError if it is too late for that."""
        return self.and_given_intervention(Intervention.CANCEL, reason=reason, by="a user")

    def advance_time(self, by: timedelta) -> Self:
        """Time passes, and whatever falls due meanwhile happens."""
        self._expect_nothing_more()
        self._story.add(f"given {by} pass")
        until = self._now + by
        while (wake_at := self._instance.wake_at) is not None and wake_at <= until:
            self._now = max(self._now, wake_at)
            happened = due(self._instance, self._now)
            assert happened is not None, "something is due when the instance wakes"
            self._apply(happened)
        self._now = until
        return self

    def expect_completed(self) -> Self:
        """The saga has ended, with all its steps done."""
        return self._expect_state(SagaState.COMPLETED)

    def expect_compensated(self) -> Self:
        """The saga has ended, with everything undone."""
        return self._expect_state(SagaState.COMPENSATED)

    def expect_paused(self) -> Self:
        """The saga is paused: it sends nothing more until it is resumed."""
        self._expect_nothing_more()
        if self._instance.paused_at is None:
            self._fail(f"expected: paused\nactual:   {self._state()}")
        return self

    def expect_needs_attention(self) -> Self:
        """The saga is parked: it was tried often enough."""
        return self._expect_state(SagaState.NEEDS_ATTENTION)

    def _step(self, of: Of | None) -> str:
        """The step that is answered, or whose time is up."""
        branches = self._instance.branches
        if branches is None:
            waits = [self._instance.step] if self._instance.step else []
        else:
            waits = [one.step for one in branches if one.state is not BranchState.DONE]
        name = of if isinstance(of, str) or of is None else of.__name__
        if not waits:
            self._fail(f"given an answer, but the saga waits for none: {self._state()}")
        if name is None and len(waits) > 1:
            self._fail(f"several steps are under way: say `of=` one of {', '.join(waits)}")
        if name is not None and name not in waits:
            self._fail(f"'{name}' is not waited for: {self._state()}")
        return name or waits[0]

    def _wait(self, step: str) -> SagaInstance | Branch:
        branches = self._instance.branches or ()
        return next((one for one in branches if one.step == step), self._instance)

    def _command_id(self, step: str) -> UUID | None:
        return self._wait(step).command_id

    def _due_at(self, step: str) -> datetime | None:
        return None if self._instance.paused_at is not None else self._wait(step).due_at

    def _child(self) -> UUID:
        if self._instance.command_id is None:
            self._fail(f"given the end of a sub-saga, but none is waited for: {self._state()}")
        return self._instance.command_id

    def _happen(self, happened: Happened, told: str) -> Self:
        self._story.add(told)
        self._apply(happened)
        return self

    def _apply(self, happened: Happened) -> None:
        transition = advance(self._saga, self._instance, happened, now=self._now, new_id=uuid4)
        self._instance = transition.after
        for effect in transition.effects:
            self._story.add_effect(effect)
            self._unexpected.append(effect)
            if isinstance(effect, RunLocal) and self._session is not None:
                run_now(effect, self._session)
        if self._watcher is not None:
            self._watcher(transition)

    def _next(self, told: str) -> Effect:
        if not self._unexpected:
            self._fail(f"expected: {told}\nactual:   nothing more; {self._state()}")
        self._expected = self._unexpected.popleft()
        return self._expected

    def _expect_nothing_more(self) -> None:
        if self._unexpected:
            told = Storyboard.told(self._unexpected[0])
            self._fail(f"expected: nothing more\nactual:   {told}")

    def _expect_state(self, state: SagaState) -> Self:
        self._expect_nothing_more()
        if self._instance.state is not state:
            self._fail(f"expected: {state}\nactual:   {self._state()}")
        return self

    def _state(self) -> str:
        waits = f", waiting at {self._instance.step}" if self._instance.step else ""
        paused = ", paused" if self._instance.paused_at else ""
        return f"{self._instance.state}{waits}{paused}"

    def _differs(self, expected: str, actual: Effect) -> NoReturn:
        self._fail(f"expected: {expected}\nactual:   {Storyboard.told(actual)}")

    def _fail(self, difference: str) -> NoReturn:
        __tracebackhide__ = True
        raise AssertionError(f"{difference}\n{self._story}")


def _is_sent(effect: Effect, command: Command) -> TypeGuard[SendCommand]:
    return (
        isinstance(effect, SendCommand)
        and effect.direction is Direction.ACTION
        and effect.command == command
    )


def _undoes(effect: SendCommand | RunLocal, expected: Command | Callable[..., Any]) -> bool:
    is_sent = isinstance(effect, SendCommand) and effect.command == expected
    is_undoing = effect.direction is Direction.COMPENSATION
    return is_undoing and (is_sent or effect.step.compensation is expected)


def _told_of(of: Of | None) -> str:
    return "" if of is None else f" of {getattr(of, '__name__', of)}"
