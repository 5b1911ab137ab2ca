"""How a saga moves: pure functions from what happened to the new state and what is to be done.

Nothing here does I/O; time, ids and chance are given. The orchestrator and the unit-test DSL drive
the same code. The rules:

- A success goes on to the next step. Local steps on the way are done in the same transition: their
  failure rolls its transaction back, so none of it has happened.
- A refusal before or at the pivot undoes, backwards, every step that is done.
- A compensatable step whose answer does not come in time is given up and undone as well, for it may
  have happened; the participant's barrier makes undoing what never happened harmless. It may be
  declared otherwise: to be sent again first, or to ask a person.
- The pivot, a retriable step and a compensation are sent again when no answer comes, under the same
  saga, step and direction; a refusal of the latter two is tried again after a wait.
- The steps of a parallel group are under way at the same time, each with attempts and times of its
  own; the saga goes on when all are done. What turns the saga back does so for all of them at once,
  and they are undone side by side.
- A sub-saga is a step like a command: completed it is a success, undone a refusal. A saga that goes
  back takes its child along, or waits for its end and undoes it then.
- What was tried often enough in vain parks the saga as NEEDS_ATTENTION. The answer that was missing
  sets it going again, if it comes after all; or an operator does.
- The deadline undoes the saga while it is at a compensatable step; later it is only recorded.
- An answer that is not waited for changes nothing and is recorded.
- A paused saga takes answers and does nothing else. Its clocks stand still.
"""

from collections.abc import Callable
from datetime import datetime
from typing import assert_never
from uuid import UUID

from chassis.sagas.definition import SagaDefinition
from chassis.sagas.effects import Transition
from chassis.sagas.happened import (
    DeadlinePassed,
    Happened,
    Intervened,
    ParentTurned,
    Replied,
    RetryDue,
    Started,
    TimedOut,
)
from chassis.sagas.moves import answers, clock, course, interventions
from chassis.sagas.moves.move import Move
from chassis.sagas.retry import Random, no_jitter
from chassis.sagas.state import SagaInstance


def advance(
    saga: SagaDefinition,
    instance: SagaInstance,
    happened: Happened,
    *,
    now: datetime,
    new_id: Callable[[], UUID],
    random: Random = no_jitter,
) -> Transition:
    """Move an instance of `saga` by one thing that happened; `random` lengthens waits.

    Raises InterventionRefusedError for an intervention that is not possible now.
    """
    move = Move(saga, instance, happened, now=now, new_id=new_id, random=random)
    match happened:
        case Started():
            course.start(move)
        case Replied():
            answers.take_reply(move, happened)
        case TimedOut():
            clock.time_out(move, happened)
        case RetryDue():
            clock.send_again(move, happened)
        case DeadlinePassed():
            clock.pass_deadline(move)
        case ParentTurned():
            interventions.follow_parent(move, happened)
        case Intervened():
            interventions.intervene(move, happened)
        case _:
            assert_never(happened)
    return move.transition
