"""The participant barrier: what a service remembers of each saga step it was asked to do or undo.

It makes step time-outs safe. A compensation that arrives before its action finds nothing to undo
and closes the action, so the late action is refused; a repeated command is answered with the reply
it had. A refusal is not kept in that way: it has changed nothing, so a command that is sent again,
by a retry or by an operator, is handled again. What is to be answered later is handled once and not
answered until then. (DTM's sub-transaction barrier, carried over to messages.)

Both directions of a step may be handled at once, in two transactions, where their keys differ or
one of them has waited. Each then writes the action's row; the second fails and is tried again.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.consumers.late import LateAnswers, Place
from chassis.messaging.contracts import Kind, Refusal, Reply
from chassis.messaging.envelope import Direction, Outcome, SagaReference
from chassis.outbox.joined import fetch_all_with_messages
from chassis.outbox.session import insert_messages
from chassis.persistence.database import fetch_all

_RECORD = f"""
WITH sent AS ({insert_messages(first=7)})
INSERT INTO participant_steps (saga_id, step, direction, outcome, reply_type, reply_body)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bytea[])
"""  # noqa: S608 - constants

_REPLACE = """
UPDATE participant_steps AS recorded
SET outcome = now.outcome, reply_type = now.reply_type, reply_body = now.reply_body,
    recorded_at = clock_timestamp()
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bytea[], $7::text[])
     AS now(saga_id, step, direction, outcome, reply_type, reply_body, before)
WHERE recorded.saga_id = now.saga_id AND recorded.step = now.step
  AND recorded.direction = now.direction AND recorded.reply_type = now.before
RETURNING recorded.saga_id
"""


PENDING: Final = "pending"
"""The outcome of a step that is to be answered later, in the table."""


class ConcurrentStepError(Exception):
    """Another transaction has answered the same step meanwhile: to be tried again."""


class NothingToUndo(Reply, type="chassis.NothingToUndo.v1"):
    """Answer to a compensation whose action never changed anything."""


class AnswerPending(Reply, type="chassis.AnswerPending.v1"):
    """Kept in the place of an answer that comes later; never sent."""


class NobodyAsked(Reply, type="chassis.NobodyAsked.v1"):
    """Kept in the place of an answer that nobody waits for; never sent."""


class StepAlreadyUndone(Refusal, type="chassis.StepAlreadyUndone.v1"):
    """Answer to an action that arrives after its own compensation."""


@dataclass(frozen=True, slots=True)
class RecordedStep:
    """One direction of one saga step that this service has answered, and its answer's encoding."""

    saga_id: UUID
    step: str
    direction: Direction
    outcome: Outcome | None
    """None while it is to be answered later."""
    wire_type: str
    body: bytes
    kind: Kind = Kind.REPLIES

    def to_body(self) -> bytes:
        return self.body

    @property
    def place(self) -> Place:
        return self.saga_id, self.step, self.direction

    @property
    def is_final(self) -> bool:
        """Whether a repeated command has this answer, and is not handled again."""
        return self.changed_something or self.wire_type == StepAlreadyUndone.wire_type

    @property
    def changed_something(self) -> bool:
        return self.outcome is not Outcome.REFUSED


class Barrier:
    """The steps recorded before a batch, and those that the batch adds or answers anew."""

    def __init__(self, earlier: Iterable[RecordedStep], late: LateAnswers | None = None) -> None:
        self._late = late or LateAnswers()
        self._before = {step.place: step for step in earlier}
        self._written: dict[Place, RecordedStep] = {}

    def answer(self, saga: SagaReference) -> RecordedStep | None:
        """The reply to give without running the handler, or None when it has to run."""
        done = self._find(saga, saga.direction)
        if done is not None and done.is_final:
            return done
        if saga.direction is Direction.ACTION:
            undone = self._find(saga, Direction.COMPENSATION)
            return self.record(saga, StepAlreadyUndone()) if undone else None
        action = self._find(saga, Direction.ACTION)
        if action is not None and action.outcome is Outcome.SUCCESS:
            return None
        self.record(replace(saga, direction=Direction.ACTION), StepAlreadyUndone())
        if action is not None and action.changed_something:
            self._late.spend(action.place)
            return None
        return self.record(saga, NothingToUndo())

    def record(self, saga: SagaReference, reply: Reply) -> RecordedStep:
        """Remember the answer to a step."""
        return self._record(saga, Outcome.of(reply), reply)

    def put_off(self, saga: SagaReference) -> None:
        """Remember that a step is to be answered later."""
        self._record(saga, None, AnswerPending())

    async def write(self, session: AsyncSession) -> None:
        """Write what the batch has answered, and what the session has published, in one statement.

        An earlier refusal that is answered anew takes another one. Raises ConcurrentStepError, or
        what the database says of a key that is taken.
        """
        added = [step for place, step in self._written.items() if place not in self._before]
        if added:
            await fetch_all_with_messages(session, _RECORD, *_columns(added))
        replaced = [step for place, step in self._written.items() if place in self._before]
        if replaced:
            before = [self._before[step.place].wire_type for step in replaced]
            rows = await fetch_all(session, _REPLACE, *_columns(replaced), before)
            if len(rows) != len(replaced):
                raise ConcurrentStepError("a step was answered in another transaction meanwhile")

    def _record(self, saga: SagaReference, outcome: Outcome | None, reply: Reply) -> RecordedStep:
        step = RecordedStep(
            saga_id=saga.saga_id,
            step=saga.step,
            direction=saga.direction,
            outcome=outcome,
            wire_type=reply.wire_type,
            body=reply.to_body(),
        )
        self._written[step.place] = step
        return step

    def _find(self, saga: SagaReference, direction: Direction) -> RecordedStep | None:
        place = (saga.saga_id, saga.step, direction)
        return self._written.get(place) or self._before.get(place)


def _columns(steps: list[RecordedStep]) -> tuple[list[object], ...]:
    return (
        [s.saga_id for s in steps],
        [s.step for s in steps],
        [s.direction.value for s in steps],
        [s.outcome.value if s.outcome else PENDING for s in steps],
        [s.wire_type for s in steps],
        [s.body for s in steps],
    )
