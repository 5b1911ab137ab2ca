"""What an answer does, be it waited for or not.

A success counts for its step whichever attempt it answers, since a participant does a step once; a
refusal counts only for the last attempt.
"""

from chassis.messaging.envelope import Direction
from chassis.sagas.happened import Replied
from chassis.sagas.moves import course
from chassis.sagas.moves.move import Move
from chassis.sagas.state import EntryKind, SagaInstance
from chassis.sagas.steps import StepKind


def take_reply(move: Move, replied: Replied) -> None:
    if not _is_awaited(move.instance, replied):
        move.journal.write_reply(EntryKind.IGNORED, move.instance, replied)
    elif replied.reply.refused:
        move.journal.write_reply(EntryKind.REFUSAL, move.instance, replied)
        _take_refusal(move, replied)
    else:
        move.journal.write_reply(EntryKind.REPLY, move.instance, replied)
        _take_success(move, replied)


def _take_success(move: Move, replied: Replied) -> None:
    step = move.awaited
    if move.instance.direction is Direction.ACTION:
        move.note(step, replied.reply)
    course.step_done(move, step)


def _take_refusal(move: Move, replied: Replied) -> None:
    step = move.awaited
    if move.instance.direction is Direction.ACTION:
        move.note(step, replied.reply)
        if step.kind is not StepKind.RETRIABLE:
            course.turn_back(move)
            return
    attempt = move.instance.attempt
    error = f"{move.told(step)} was refused with {replied.wire_type}"
    move.send_again_in(step.retry.delay(attempt), error)
    if attempt >= step.retry.attempts:
        move.park(f"{error} in the last of {attempt} attempts")


def _is_awaited(instance: SagaInstance, replied: Replied) -> bool:
    if instance.state.is_ended or instance.is_held:
        return False
    if (replied.step, replied.direction) != (instance.step, instance.direction):
        return False
    answers_last_command = (
        replied.command_id is not None and replied.command_id == instance.command_id
    )
    return answers_last_command or not replied.reply.refused
