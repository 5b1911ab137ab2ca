"""Which ways through a saga its unit tests have gone.

covered = BranchCoverage(CreateOrderSaga)
covered.given(data).expect_local(create_order)...
covered.assert_complete()
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.messaging.envelope import Direction
from chassis.sagas.definition import Saga, SagaDefinition
from chassis.sagas.effects import Transition
from chassis.sagas.state import EntryKind, LogEntry
from chassis.sagas.steps import (
    AwaitedStep,
    D,
    LocalStep,
    NotifyStep,
    ParallelStep,
    SingleStep,
    Step,
    StepKind,
)
from chassis.testing.sagas import SagaScenario, given

SUCCESS, REFUSED, TIMEOUT, DEADLINE, SKIPPED = (
    "success",
    "refused",
    "timeout",
    "deadline",
    "skipped",
)

_OUTCOMES = {
    EntryKind.LOCAL: SUCCESS,
    EntryKind.NOTIFIED: SUCCESS,
    EntryKind.REPLY: SUCCESS,
    EntryKind.REFUSAL: REFUSED,
    EntryKind.TIMEOUT: TIMEOUT,
    EntryKind.DEADLINE: DEADLINE,
    EntryKind.SKIPPED: SKIPPED,
}


@dataclass(frozen=True, slots=True, order=True)
class Branch:
    """A step, done or undone, and one outcome that it can have.

    The outcome is the wire type of a reply that the step takes note of, or else `success`,
    `refused`, `timeout`, `deadline` or `skipped`.
    """

    step: str
    direction: Direction
    outcome: str

    def __str__(self) -> str:
        undoing = "undoing " if self.direction is Direction.COMPENSATION else ""
        return f"{undoing}{self.step}: {self.outcome}"


def branches(saga: SagaDefinition) -> frozenset[Branch]:
    """Every branch that a saga has.

    The deadline is one at compensatable steps, where it sends the saga back; in a parallel group it
    is the group's, the rest is of its steps. Undoing is one where
    anything can still send the saga back once the step is done.
    """
    return frozenset(_branches(saga))


class BranchCoverage(Generic[D]):
    """Remembers the branches that scenarios went through."""

    def __init__(self, saga: type[Saga[D]]) -> None:
        self._saga = saga
        self._gone: set[Branch] = set()

    def given(self, data: D, *, session: AsyncSession | None = None) -> SagaScenario[D]:
        """As `chassis.testing.sagas.given`, and what the scenario goes through is remembered."""
        return given(self._saga, data, session=session, watcher=self._watch)

    @property
    def missing(self) -> frozenset[Branch]:
        """The branches that no scenario has gone through."""
        return branches(self._saga) - self._gone

    def assert_complete(self) -> None:
        """Raise AssertionError with the branches that are missing."""
        if self.missing:
            told = "\n".join(f"  {branch}" for branch in sorted(self.missing))
            raise AssertionError(f"no scenario of {self._saga.__name__} goes through:\n{told}")

    def _watch(self, transition: Transition) -> None:
        for entry in transition.entries:
            if entry.kind in _OUTCOMES:
                self._gone.add(self._branch(entry))

    def _branch(self, entry: LogEntry) -> Branch:
        assert entry.step is not None
        assert entry.direction is not None
        outcome = _OUTCOMES[entry.kind]
        step = self._saga.step(entry.step)
        if entry.direction is Direction.ACTION and isinstance(step, AwaitedStep):
            noted = {reply.wire_type for reply in (*step.replies, *step.refusals)}
            outcome = entry.detail if entry.detail in noted else outcome
        return Branch(entry.step, entry.direction, outcome)


def _branches(saga: SagaDefinition) -> Iterator[Branch]:
    for step in saga.single_steps():
        for outcome in _outcomes(step):
            yield Branch(step.name, Direction.ACTION, outcome)
        if _can_be_undone(saga, step):
            yield Branch(step.name, Direction.COMPENSATION, SUCCESS)
            if isinstance(step, AwaitedStep):
                yield Branch(step.name, Direction.COMPENSATION, REFUSED)
                yield Branch(step.name, Direction.COMPENSATION, TIMEOUT)
    for waits in saga.steps:
        if saga.deadline is not None and _deadline_turns_back(waits):
            yield Branch(waits.name, Direction.ACTION, DEADLINE)


def _outcomes(step: SingleStep) -> Iterator[str]:
    if step.when is not None:
        yield SKIPPED
    if isinstance(step, LocalStep | NotifyStep):
        yield SUCCESS
        return
    yield from [reply.wire_type for reply in step.replies] or [SUCCESS]
    yield from [refusal.wire_type for refusal in step.refusals] or [REFUSED]
    if step.timeout is not None:
        yield TIMEOUT


def _deadline_turns_back(step: Step) -> bool:
    return step.kind is StepKind.COMPENSATABLE and _is_waited_for(step)


def _is_waited_for(step: Step) -> bool:
    return isinstance(step, AwaitedStep | ParallelStep)


def _can_be_undone(saga: SagaDefinition, step: SingleStep) -> bool:
    if step.compensation is None:
        return False
    return isinstance(step, AwaitedStep) or any(
        _is_waited_for(later) and later.kind is not StepKind.RETRIABLE
        for later in saga.steps_after(step.name)
    )
