"""Where a saga goes: forward through its steps, or back over those that are done.

A paused saga goes nowhere: it holds where it would go on, and goes on from there when it is
resumed.
"""

from chassis.messaging.envelope import Direction
from chassis.sagas.moves.move import Move
from chassis.sagas.state import EntryKind, SagaState
from chassis.sagas.steps import CommandStep, Step


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


def step_done(move: Move, step: Step) -> None:
    """The step that was waited for is done, or undone: go on."""
    done = move.instance.done
    if move.instance.direction is Direction.ACTION:
        move.set(state=SagaState.RUNNING, done=(*done, step.name), error=None)
    else:
        move.set(state=SagaState.COMPENSATING, done=done[:-1], error=None)
    go_on(move)


def go_forward(move: Move) -> None:
    """To the next command, doing what is local on the way, or to the end."""
    if move.instance.paused_at is not None:
        move.hold()
        return
    for step in move.saga.steps_after(move.instance.step):
        if step.when is not None and not step.when(move.instance.data):
            move.log(EntryKind.SKIPPED, step=step)
        elif isinstance(step, CommandStep):
            move.send(step, attempt=1)
            return
        else:
            move.run(step)
            move.set(done=(*move.instance.done, step.name))
    move.end(SagaState.COMPLETED)


def give_up(move: Move, step: Step) -> None:
    """Turn back from a step that may have happened, so that it is undone too."""
    move.set(done=(*move.instance.done, step.name))
    turn_back(move)


def turn_back(move: Move) -> None:
    """Undo every step that is done, the last one first."""
    move.set(
        state=SagaState.COMPENSATING,
        direction=Direction.COMPENSATION,
        deadline=None,
        attempt=0,
    )
    go_back(move)


def go_back(move: Move) -> None:
    if move.instance.paused_at is not None:
        move.hold()
        return
    while move.instance.done:
        step = move.saga.step(move.instance.done[-1])
        if step.compensation is not None:
            if isinstance(step, CommandStep):
                move.send(step, attempt=1)
                return
            move.run(step)
        move.set(done=move.instance.done[:-1])
    move.end(SagaState.COMPENSATED)
