"""What an operator may do to a saga, and when; what is not possible is told, and changes nothing.

    RETRY       send what is waited for again now, its attempts counted anew
    SKIP        take the step that is waited for as done, or as undone, without its answer
    COMPENSATE  turn back now
    CANCEL      the same, asked for by a user
    COMPLETE    end the saga as it stands, whatever is open
    PAUSE       take answers, and do nothing else
    RESUME      go on from there

Turning back is possible until the pivot's command is out: what may have happened there cannot be
undone.
"""

from collections.abc import Callable
from dataclasses import dataclass

from chassis.messaging.envelope import Direction
from chassis.sagas.definition import SagaDefinition
from chassis.sagas.happened import (
    Intervened,
    Intervention,
    InterventionRefusedError,
    ParentTurned,
)
from chassis.sagas.moves import course, family
from chassis.sagas.moves.move import Move
from chassis.sagas.state import EntryKind, SagaInstance, SagaState
from chassis.sagas.steps import Step, StepKind

Obstacle = Callable[[SagaDefinition, SagaInstance], str | None]


@dataclass(frozen=True, slots=True)
class _Rule:
    """What stands in the way of an intervention, if anything, and what it does."""

    obstacle: Obstacle
    carry_out: Callable[[Move], None]


def possible_interventions(saga: SagaDefinition, instance: SagaInstance) -> list[Intervention]:
    """What could be done to an instance as it stands."""
    return [move for move in Intervention if _obstacle(move, saga, instance) is None]


def intervene(move: Move, intervened: Intervened) -> None:
    """Raises InterventionRefusedError, before anything has changed."""
    obstacle = _obstacle(intervened.move, move.saga, move.instance)
    if obstacle is not None:
        possible = ", ".join(possible_interventions(move.saga, move.instance))
        raise InterventionRefusedError(
            f"{intervened.move} is not possible: {obstacle}. Possible now: {possible or 'nothing'}"
        )
    move.log(
        EntryKind.INTERVENED,
        step=_stands_at(move),
        message_id=move.instance.command_id,
        detail=f"{intervened.move} by {intervened.by}: {intervened.reason}",
    )
    _RULES[intervened.move].carry_out(move)


def follow_parent(move: Move, turned: ParentTurned) -> None:
    """Go back with the saga that this one is a step of, if it still can; else it goes on."""
    obstacle = _obstacle(Intervention.CANCEL, move.saga, move.instance)
    if obstacle is None:
        intervene(move, Intervened(Intervention.CANCEL, "it goes back", "the parent saga"))
    else:
        detail = f"the parent saga goes back: {obstacle}"
        move.log(EntryKind.IGNORED, message_id=turned.message_id, detail=detail)


def _stands_at(move: Move) -> Step | None:
    step = move.instance.step
    return None if step is None or move.instance.is_held else move.saga.step(step)


def _obstacle(move: Intervention, saga: SagaDefinition, instance: SagaInstance) -> str | None:
    if instance.state.is_ended:
        return f"the saga has ended {instance.state}"
    return _RULES[move].obstacle(saga, instance)


def _nothing(_saga: SagaDefinition, _instance: SagaInstance) -> None:
    return None


def _is_paused(_saga: SagaDefinition, instance: SagaInstance) -> str | None:
    if instance.paused_at is None:
        return None
    return f"the saga is paused since {instance.paused_at:%Y-%m-%d %H:%M:%S}"


def _cannot_be_sent(saga: SagaDefinition, instance: SagaInstance) -> str | None:
    child = family.child_under_way(saga, instance)
    if child is not None:
        return f"the sub-saga {child.saga_id} of '{instance.step}' is under way: intervene there"
    return _is_paused(saga, instance)


def _is_not_paused(_saga: SagaDefinition, instance: SagaInstance) -> str | None:
    return "the saga is not paused" if instance.paused_at is None else None


def _waits_for_nothing(_saga: SagaDefinition, instance: SagaInstance) -> str | None:
    if not instance.is_held:
        return None
    return f"the answer to '{instance.step}' has come, and the saga waits for nothing else"


def _no_way_back(saga: SagaDefinition, instance: SagaInstance) -> str | None:
    if instance.direction is Direction.COMPENSATION:
        return "the saga goes back already"
    assert instance.step is not None, "an instance that has not ended stands at a step"
    kind = saga.step(instance.step).kind
    if kind is StepKind.COMPENSATABLE:
        return None
    if kind is StepKind.PIVOT and not instance.is_held:
        return f"the pivot '{instance.step}' may have happened, and cannot be undone"
    return f"the saga is past its point of no return, at '{instance.step}'"


def _retry(move: Move) -> None:
    for step in move.awaited:
        move.send(step, attempt=1, kind=EntryKind.RETRY)


def _skip(move: Move) -> None:
    for step in move.awaited:
        course.step_done(move, step)


def _turn_back(move: Move) -> None:
    if move.saga.on_cancel is not None:
        move.set(data=move.saga.on_cancel(move.instance.data))
    course.turn_back(move)


def _complete(move: Move) -> None:
    goes_back = move.instance.direction is Direction.COMPENSATION
    course.end(move, SagaState.COMPENSATED if goes_back else SagaState.COMPLETED)


def _pause(move: Move) -> None:
    move.set(paused_at=move.now)


def _resume(move: Move) -> None:
    """All clocks go on with what was left of their time."""
    instance = move.instance
    assert instance.paused_at is not None, "only what is paused is resumed"
    move.rest(move.now - instance.paused_at)
    move.set(paused_at=None)
    if move.instance.is_held:
        course.go_on(move)


_RULES = {
    Intervention.RETRY: _Rule(_cannot_be_sent, _retry),
    Intervention.SKIP: _Rule(_waits_for_nothing, _skip),
    Intervention.COMPENSATE: _Rule(_no_way_back, _turn_back),
    Intervention.COMPLETE: _Rule(_nothing, _complete),
    Intervention.CANCEL: _Rule(_no_way_back, _turn_back),
    Intervention.PAUSE: _Rule(_is_paused, _pause),
    Intervention.RESUME: _Rule(_is_not_paused, _resume),
}
