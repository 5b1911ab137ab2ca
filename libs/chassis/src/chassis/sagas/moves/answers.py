"""What an answer does, be it waited for or not.

A success counts for its step whichever attempt it answers, since a participant does a step once; a
refusal counts only for the last attempt.
"""

from chassis.messaging.envelope import Direction
from chassis.sagas.happened import Replied
from chassis.sagas.moves import course, family
from chassis.sagas.moves.move import Move
from chassis.sagas.state import EntryKind
from chassis.sagas.steps import AwaitedStep, StepKind


def take_reply(move: Move, replied: Replied) -> None:
    step = _step_answered(move, replied)
    if step is None:
        move.journal.write_reply(EntryKind.IGNORED, move.instance, replied)
        return
    replied = family.as_undoing(move.instance, step, replied)
    kind = EntryKind.REFUSAL if replied.reply.refused else EntryKind.REPLY
    move.journal.write_reply(kind, move.instance, replied, attempt=move.attempt_of(step))
    if family.waits_for_child_to_go_back(move.instance):
        _take_end_of_child(move, step, replied)
    elif replied.reply.refused:
        _take_refusal(move, step, replied)
    else:
        _take_success(move, step, replied)


def _take_success(move: Move, step: AwaitedStep, replied: Replied) -> None:
    if move.instance.direction is Direction.ACTION:
        move.note(step, replied.reply)
    course.step_done(move, step)


def _take_refusal(move: Move, step: AwaitedStep, replied: Replied) -> None:
    if move.instance.direction is Direction.ACTION:
        move.note(step, replied.reply)
        if step.kind is not StepKind.RETRIABLE:
            course.turn_back(move, refused=step)
            return
    attempt = move.attempt_of(step)
    error = f"{move.told(step)} was refused with {replied.wire_type}"
    move.send_again_later(step, error)
    if attempt >= step.retry.attempts:
        move.park(step, f"{error} in the last of {attempt} attempts")


def _take_end_of_child(move: Move, step: AwaitedStep, replied: Replied) -> None:
    """A child that has undone itself is undone; one that was too far has to be undone now."""
    move.note(step, replied.reply)
    if replied.reply.refused:
        course.step_done(move, step)
    else:
        course.go_back(move)


def _step_answered(move: Move, replied: Replied) -> AwaitedStep | None:
    """The step that waits for this answer, if any."""
    if move.instance.state.is_ended:
        return None
    for step in move.awaited:
        if step.name == replied.step and _counts(move, step, replied):
            return step
    return None


def _counts(move: Move, step: AwaitedStep, replied: Replied) -> bool:
    last = move.wait_for(step).command_id
    if replied.command_id is not None and replied.command_id == last:
        return True
    return replied.direction is move.instance.direction and not replied.reply.refused
