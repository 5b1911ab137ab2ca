"""Where a saga goes: forward through its steps, or back over those that are done.

A paused saga goes nowhere: it holds where it would go on, and goes on from there when it is
resumed.
"""

from collections.abc import Sequence

from chassis.messaging.envelope import Direction
from chassis.sagas.moves import family
from chassis.sagas.moves.move import Move
from chassis.sagas.state import EntryKind, SagaState
from chassis.sagas.steps import (
    AwaitedStep,
    LocalStep,
    NotifyStep,
    ParallelStep,
    SingleStep,
)


def start(move: Move) -> None:
    if move.saga.deadline is not None:
        move.set(deadline=move.now + move.saga.deadline)
    move.log(EntryKind.STARTED)
    go_forward(move)


def go_on(move: Move) -> None:
    """On from what was last waited for, in the direction that the saga has."""
    if move.instance.direction is Direction.ACTION:
        go_forward(move)
    else:
        go_back(move)


def step_done(move: Move, step: AwaitedStep) -> None:
    """A step that was waited for is done, or undone: go on, unless others are waited for."""
    if move.instance.direction is Direction.ACTION:
        move.set(done=(*move.instance.done, step.name))
    else:
        _forget(move, step.name)
    if move.settle(step):
        go_on(move)


def go_forward(move: Move) -> None:
    """To the next command, doing what is local on the way, or to the end."""
    if move.instance.paused_at is not None:
        move.hold()
        return
    for step in move.saga.steps_after(move.instance.step):
        if isinstance(step, ParallelStep):
            members = [one for one in step.steps if _is_wanted(move, one)]
            if members:
                _send_all(move, step, members)
                return
        elif _is_wanted(move, step):
            if isinstance(step, AwaitedStep):
                move.send(step, attempt=1)
                return
            _do(move, step)
            move.set(done=(*move.instance.done, step.name))
    end(move, SagaState.COMPLETED)


def turn_back(move: Move, refused: AwaitedStep | None = None) -> None:
    """Undo what is done, the last one first, and what is waited for, since it may have happened.

    What was refused has not happened. A sub-saga that is under way is asked to go back itself.
    """
    child = family.child_under_way(move.saga, move.instance) if refused is None else None
    waited_for = [step.name for step in move.awaited if step is not refused]
    move.set(
        state=SagaState.COMPENSATING,
        direction=Direction.COMPENSATION,
        done=(*move.instance.done, *waited_for),
        branches=None,
        deadline=None,
        attempt=0,
        error=None,
    )
    if child is not None:
        family.turn_child_back(move, child)
    else:
        go_back(move)


def go_back(move: Move) -> None:
    """To the next command that undoes something, or to the end."""
    if move.instance.paused_at is not None:
        move.hold()
        return
    while move.instance.done:
        last = move.instance.done[-1]
        group = move.saga.group_of(last)
        if group is not None:
            members = _to_be_undone(move, group)
            if members:
                _send_all(move, group, members)
                return
            continue
        step = move.saga.single_step(last)
        if step.compensation is not None:
            if isinstance(step, AwaitedStep):
                move.send(step, attempt=1)
                return
            _do(move, step)
        _forget(move, last)
    end(move, SagaState.COMPENSATED)


def end(move: Move, state: SagaState) -> None:
    move.set(
        state=state,
        step=None,
        attempt=0,
        command_id=None,
        due_at=None,
        deadline=None,
        branches=None,
        paused_at=None,
        ended_at=move.now,
    )
    move.log(EntryKind.ENDED, outcome=state)
    family.answer_parent(move)


def _is_wanted(move: Move, step: SingleStep) -> bool:
    if step.when is None or step.when(move.instance.data):
        return True
    move.log(EntryKind.SKIPPED, step=step)
    return False


def _do(move: Move, step: LocalStep | NotifyStep) -> None:
    """Do or undo what nobody answers."""
    if isinstance(step, LocalStep):
        move.run(step)
    else:
        move.notify(step)


def _send_all(move: Move, group: ParallelStep, members: Sequence[AwaitedStep]) -> None:
    move.open_group(group)
    for step in members:
        move.send(step, attempt=1)


def _to_be_undone(move: Move, group: ParallelStep) -> list[AwaitedStep]:
    """The steps of a group that are done and have to be undone; the others are done with."""
    done = [step for step in group.steps if step.name in move.instance.done]
    for step in done:
        if step.compensation is None:
            _forget(move, step.name)
    return [step for step in done if step.compensation is not None]


def _forget(move: Move, name: str) -> None:
    move.set(done=tuple(one for one in move.instance.done if one != name))
