"""What time does: time-outs, waits before the next attempt, the deadline."""

from chassis.messaging.envelope import Direction
from chassis.sagas.happened import RetryDue, TimedOut
from chassis.sagas.moves import course
from chassis.sagas.moves.move import Move
from chassis.sagas.state import EntryKind
from chassis.sagas.steps import AwaitedStep, OnTimeout


def time_out(move: Move, timed_out: TimedOut) -> None:
    """Give a step up and undo it, or send it again, or ask a person, as it is declared."""
    step = move.awaited_step(timed_out.step)
    wait = move.wait_for(step)
    move.log(EntryKind.TIMEOUT, step=step, attempt=wait.attempt, message_id=wait.command_id)
    policy = _policy(move, step)
    if policy is OnTimeout.ASK:
        move.park(step, f"{move.told(step)} was not answered in time: decide what becomes of it")
    elif policy is OnTimeout.RESEND and wait.attempt < step.retry.attempts:
        move.send(step, wait.attempt + 1)
    elif move.may_go_back(step):
        _give_up(move)
    else:
        move.park(step, f"{move.told(step)} was not answered in {wait.attempt} attempts")


def send_again(move: Move, due: RetryDue) -> None:
    """The wait before the next attempt is over."""
    step = move.awaited_step(due.step)
    move.send(step, move.attempt_of(step) + 1)


def pass_deadline(move: Move) -> None:
    assert move.instance.step is not None, "a saga without a step has no deadline"
    step = move.saga.step(move.instance.step)
    goes_back = move.may_go_back(step)
    detail = None if goes_back else "too late to go back: recorded only"
    move.log(EntryKind.DEADLINE, step=step, detail=detail)
    move.set(deadline=None)
    if goes_back:
        _give_up(move)


def _policy(move: Move, step: AwaitedStep) -> OnTimeout:
    return step.on_timeout if move.instance.direction is Direction.ACTION else OnTimeout.RESEND


def _give_up(move: Move) -> None:
    if move.saga.on_timeout is not None:
        move.set(data=move.saga.on_timeout(move.instance.data))
    course.turn_back(move)
