"""What time does: time-outs, waits before the next attempt, the deadline."""

from chassis.sagas.moves import course
from chassis.sagas.moves.move import Move
from chassis.sagas.state import EntryKind
from chassis.sagas.steps import CommandStep


def time_out(move: Move) -> None:
    """Give a step up and undo it, or send it again, or stop."""
    step, attempt = move.awaited, move.instance.attempt
    move.log(EntryKind.TIMEOUT, step=step, message_id=move.instance.command_id)
    if move.may_go_back(step):
        _give_up(move, step)
    elif attempt < step.retry.attempts:
        move.send(step, attempt + 1)
    else:
        move.park(f"{move.told(step)} was not answered in {attempt} attempts")


def send_again(move: Move) -> None:
    """The wait before the next attempt is over."""
    move.send(move.awaited, move.instance.attempt + 1)


def pass_deadline(move: Move) -> None:
    step = move.awaited
    goes_back = move.may_go_back(step)
    detail = None if goes_back else "too late to go back: recorded only"
    move.log(EntryKind.DEADLINE, step=step, detail=detail)
    move.set(deadline=None)
    if goes_back:
        _give_up(move, step)


def _give_up(move: Move, step: CommandStep) -> None:
    if move.saga.on_timeout is not None:
        move.set(data=move.saga.on_timeout(move.instance.data))
    course.give_up(move, step)
