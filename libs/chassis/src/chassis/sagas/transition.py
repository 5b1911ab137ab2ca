"""How a saga moves: pure functions from what happened to the new state and what is to be done.

Nothing here does I/O, and time and ids are given; the orchestrator and the unit-test DSL drive the
same code. The rules:

- A success goes on to the next step. Local steps on the way are done in the same transition: their
  failure rolls its transaction back, so none of it has happened.
- A refusal before or at the pivot undoes, backwards, every step that is done.
- A compensatable step whose answer does not come in time is given up and undone as well, for it may
  have happened; the participant's barrier makes undoing what never happened harmless.
- The pivot, a retriable step and a compensation are sent again when no answer comes, under the same
  saga, step and direction; a refusal of the latter two is tried again after a wait.
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
    Replied,
    RetryDue,
    Started,
    TimedOut,
)
from chassis.sagas.moves import answers, clock, course, interventions
from chassis.sagas.moves.move import Move
from chassis.sagas.state import SagaInstance


def advance(
    saga: SagaDefinition,
    instance: SagaInstance,
    happened: Happened,
    *,
    now: datetime,
    new_id: Callable[[], UUID],
) -> Transition:
    """Move an instance of `saga` by one thing that happened.

    Raises InterventionRefusedError for an intervention that is not possible now.
    """
    move = Move(saga, instance, happened, now, new_id)
    match happened:
        case Started():
            course.start(move)
        case Replied():
            answers.take_reply(move, happened)
        case TimedOut():
            clock.time_out(move)
        case RetryDue():
            clock.send_again(move)
        case DeadlinePassed():
            clock.pass_deadline(move)
        case Intervened():
            interventions.intervene(move, happened)
        case _:
            assert_never(happened)
    return move.transition
