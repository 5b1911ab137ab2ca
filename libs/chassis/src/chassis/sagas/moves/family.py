"""Sagas and their sub-sagas: how a child answers its parent, and how a parent takes it back.

A parent that goes back asks a child that is under way to go back as well, and waits for its end
however long that takes. Until its pivot a child can; past it, it completes, and is compensated
like any step that is done.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from chassis.messaging.contracts import Reply
from chassis.messaging.envelope import Direction
from chassis.sagas.definition import SagaDefinition
from chassis.sagas.effects import AnswerParent, TurnSubSagaBack
from chassis.sagas.family import ParentTurnedBack, SagaCompensated, SagaCompleted
from chassis.sagas.happened import Replied
from chassis.sagas.moves.move import Move
from chassis.sagas.state import EntryKind, SagaInstance, SagaState
from chassis.sagas.steps import AwaitedStep, SubSagaStep


@dataclass(frozen=True, slots=True)
class Child:
    """A sub-saga that has not ended."""

    step: SubSagaStep
    saga_id: UUID


def child_under_way(saga: SagaDefinition, instance: SagaInstance) -> Child | None:
    """The sub-saga that is waited for, on the way forward or because it was asked to go back."""
    if instance.step is None or instance.command_id is None:
        return None
    step = saga.step(instance.step)
    if not isinstance(step, SubSagaStep):
        return None
    undoing = instance.direction is Direction.COMPENSATION and not waits_for_child_to_go_back(
        instance
    )
    return None if undoing else Child(step, instance.command_id)


def waits_for_child_to_go_back(instance: SagaInstance) -> bool:
    """Whether the end of a child is waited for on the way back: that has no time-out."""
    return (
        instance.direction is Direction.COMPENSATION
        and instance.state.is_live
        and instance.command_id is not None
        and instance.due_at is None
        and instance.branches is None
    )


def as_undoing(instance: SagaInstance, step: AwaitedStep, replied: Replied) -> Replied:
    """The answer to what undoes a sub-saga, which a participant has taken for an action."""
    undoing = instance.direction is Direction.COMPENSATION
    if not (isinstance(step, SubSagaStep) and undoing) or waits_for_child_to_go_back(instance):
        return replied
    return replace(replied, direction=Direction.COMPENSATION)


def turn_child_back(move: Move, child: Child) -> None:
    """Ask a child to go back, and wait for its end."""
    effect = TurnSubSagaBack(
        step=child.step,
        direction=Direction.COMPENSATION,
        saga_id=child.saga_id,
        message_id=move.new_id(),
    )
    move.effects.append(effect)
    move.set(step=child.step.name, attempt=1, command_id=child.saga_id, due_at=None)
    move.log(
        EntryKind.COMMAND,
        step=child.step,
        message_id=effect.message_id,
        detail=ParentTurnedBack.wire_type,
    )


def answer_parent(move: Move) -> None:
    """Tell the saga that this one is a step of how it has ended."""
    instance = move.instance
    if instance.parent is None:
        return
    answer = SagaCompleted if instance.state is SagaState.COMPLETED else SagaCompensated
    data = instance.data.model_dump(mode="json")
    reply: Reply = answer(saga_id=instance.saga_id, data=data)
    move.effects.append(AnswerParent(parent=instance.parent, reply=reply))
