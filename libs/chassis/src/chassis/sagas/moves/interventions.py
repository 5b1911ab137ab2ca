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
from chassis.sagas.happened import Intervened, Intervention, InterventionRefusedError
from chassis.sagas.moves import course
from chassis.sagas.moves.move import Move
from chassis.sagas.state import EntryKind, SagaInstance, SagaState
from chassis.sagas.steps import StepKind

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
        step=None if move.instance.is_held else move.awaited,
        message_id=move.instance.command_id,
        detail=f"{intervened.move} by {intervened.by}: {intervened.reason}",
    )
    _RULES[intervened.move].carry_out(move)


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
    move.set(state=move.live_state, error=None)
    move.send(move.awaited, attempt=1, kind=EntryKind.RETRY)


def _skip(move: Move) -> None:
    course.step_done(move, move.awaited)


def _turn_back(move: Move) -> None:
    if move.saga.on_cancel is not None:
        move.set(data=move.saga.on_cancel(move.instance.data))
    move.set(error=None)
    if move.instance.is_held:
        course.turn_back(move)
    else:
        course.give_up(move, move.awaited)


def _complete(move: Move) -> None:
    goes_back = move.instance.direction is Direction.COMPENSATION
    move.end(SagaState.COMPENSATED if goes_back else SagaState.COMPLETED)


def _pause(move: Move) -> None:
    move.set(paused_at=move.now)


def _resume(move: Move) -> None:
    """All clocks go on with what was left of their time."""
    instance = move.instance
    assert instance.paused_at is not None, "only what is paused is resumed"
    rested = move.now - instance.paused_at
    move.set(
        paused_at=None,
        due_at=instance.due_at and instance.due_at + rested,
        deadline=instance.deadline and instance.deadline + rested,
    )
    if move.instance.is_held:
        course.go_on(move)


_RULES = {
    Intervention.RETRY: _Rule(_is_paused, _retry),
    Intervention.SKIP: _Rule(_waits_for_nothing, _skip),
    Intervention.COMPENSATE: _Rule(_no_way_back, _turn_back),
    Intervention.COMPLETE: _Rule(_nothing, _complete),
    Intervention.CANCEL: _Rule(_no_way_back, _turn_back),
    Intervention.PAUSE: _Rule(_is_paused, _pause),
    Intervention.RESUME: _Rule(_is_not_paused, _resume),
}
