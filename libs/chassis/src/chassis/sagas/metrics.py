"""What sagas tell about themselves, counted for all that move together."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from chassis.messaging.envelope import Direction
from chassis.metrics import catalogue
from chassis.sagas.definition import SagaDefinition
from chassis.sagas.effects import Transition
from chassis.sagas.happened import Intervention
from chassis.sagas.state import EntryKind, LogEntry, SagaInstance, SagaState
from chassis.sagas.steps import CommandStep, SubSagaStep

_STARTED: Final = catalogue.SAGA_STARTED.counter()
_FINISHED: Final = catalogue.SAGA_FINISHED.counter()
_DURATION: Final = catalogue.SAGA_DURATION.histogram()
_STEP_DURATION: Final = catalogue.SAGA_STEP_DURATION.histogram()
_COMPENSATIONS: Final = catalogue.SAGA_COMPENSATIONS.counter()
_TIMEOUTS: Final = catalogue.SAGA_STEP_TIMEOUTS.counter()
_INTERVENTIONS: Final = catalogue.SAGA_INTERVENTIONS.counter()

_ANSWERS: Final = (EntryKind.REPLY, EntryKind.REFUSAL)
_UNDOING: Final = (EntryKind.COMMAND, EntryKind.LOCAL, EntryKind.NOTIFIED)
_MILLISECONDS: Final = 1000
_TIMESTAMP_SHIFT: Final = 80


def expect(definitions: Iterable[SagaDefinition]) -> None:
    """Show the counters from the beginning: an increase from nothing is none to Prometheus."""
    for saga in definitions:
        _STARTED.labels(saga.saga_type)
        for state in SagaState:
            if not state.is_live:
                _FINISHED.labels(saga.saga_type, state.lower())
        for move in Intervention:
            _INTERVENTIONS.labels(saga.saga_type, move.lower())
        for step in saga.single_steps():
            if step.compensation is not None:
                _COMPENSATIONS.labels(saga.saga_type, step.name)
            if isinstance(step, CommandStep | SubSagaStep):
                for direction in Direction:
                    _TIMEOUTS.labels(saga.saga_type, step.name, direction)


def count(transitions: Sequence[Transition]) -> None:
    """Count transitions that are committed."""
    started: Counter[str] = Counter()
    finished: Counter[tuple[str, str]] = Counter()
    durations: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    for transition in transitions:
        before, after = transition.before, transition.after
        first = transition.entries[0]
        if first.kind is EntryKind.STARTED:
            started[after.saga_type] += 1
        elif first.kind is EntryKind.INTERVENED:
            _INTERVENTIONS.labels(after.saga_type, _move_of(first)).inc()
        if before.state is not after.state and not after.state.is_live:
            outcome = (after.saga_type, after.state.lower())
            finished[outcome] += 1
            if after.ended_at is not None:
                durations[outcome].append((after.ended_at - after.created_at).total_seconds())
    for saga_type, amount in started.items():
        _STARTED.labels(saga_type).inc(amount)
    for outcome, amount in finished.items():
        _FINISHED.labels(*outcome).inc(amount)
    for outcome, seconds in durations.items():
        _DURATION.observe(seconds, *outcome)
    _count_steps(transitions)


def _count_steps(transitions: Sequence[Transition]) -> None:
    compensations: Counter[tuple[str, str]] = Counter()
    timeouts: Counter[tuple[str, str, str]] = Counter()
    durations: defaultdict[tuple[str, str, str], list[float]] = defaultdict(list)
    for transition in transitions:
        saga_type, sent = transition.before.saga_type, _commands(transition.before)
        for entry in transition.entries:
            if entry.step is None or entry.direction is None:
                continue
            step = (saga_type, entry.step, entry.direction)
            if entry.kind in _ANSWERS and entry.step in sent:
                durations[step].append(_seconds_since(sent[entry.step], entry.at))
            elif entry.kind is EntryKind.TIMEOUT:
                timeouts[step] += 1
            elif _undoes(entry):
                compensations[saga_type, entry.step] += 1
    for answered, seconds in durations.items():
        _STEP_DURATION.observe(seconds, *answered)
    for timed_out, amount in timeouts.items():
        _TIMEOUTS.labels(*timed_out).inc(amount)
    for undone, amount in compensations.items():
        _COMPENSATIONS.labels(*undone).inc(amount)


def _commands(instance: SagaInstance) -> dict[str, UUID]:
    """The last command sent for each step that is waited for."""
    if instance.branches is not None:
        return {one.step: one.command_id for one in instance.branches if one.command_id}
    if instance.step is None or instance.command_id is None:
        return {}
    return {instance.step: instance.command_id}


def _move_of(entry: LogEntry) -> str:
    return str(entry.detail).partition(" ")[0].lower()


def _undoes(entry: LogEntry) -> bool:
    return entry.kind in _UNDOING and entry.direction is Direction.COMPENSATION


def _seconds_since(command_id: UUID, at: datetime) -> float:
    """A command's id, a UUIDv7, says when it was made."""
    return max(at.timestamp() - (command_id.int >> _TIMESTAMP_SHIFT) / _MILLISECONDS, 0.0)
