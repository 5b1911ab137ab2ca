"""The participant barrier: what a service remembers of each saga step it was asked to do or undo.

It makes step time-outs safe. A compensation that arrives before its action finds nothing to undo
and is remembered, so the late action is refused; a repeated command is answered with the reply it
had. (DTM's sub-transaction barrier, carried over to messages.)
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.messaging.contracts import Kind, Refusal, Reply
from chassis.messaging.envelope import Direction, Outcome, SagaReference
from chassis.outbox.joined import fetch_all_with_messages
from chassis.outbox.session import insert_messages

_RECORD = f"""
WITH sent AS ({insert_messages(first=7)})
INSERT INTO participant_steps (saga_id, step, direction, outcome, reply_type, reply_body)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bytea[])
"""  # noqa: S608 - constants


class NothingToUndo(Reply, type="chassis.NothingToUndo.v1"):
    """Answer to a compensation whose action never changed anything."""


class StepAlreadyUndone(Refusal, type="chassis.StepAlreadyUndone.v1"):
    """Answer to an action that arrives after its own compensation."""


@dataclass(frozen=True, slots=True)
class RecordedStep:
    """One direction of one saga step that this service has answered, and its answer's encoding."""

    saga_id: UUID
    step: str
    direction: Direction
    outcome: Outcome
    wire_type: str
    body: bytes
    kind: Kind = Kind.REPLIES

    def to_body(self) -> bytes:
        return self.body


class Barrier:
    """The steps recorded before a batch, and those that the batch adds."""

    def __init__(self, earlier: Iterable[RecordedStep]) -> None:
        self._steps = {(step.saga_id, step.step, step.direction): step for step in earlier}
        self._new: list[RecordedStep] = []

    def answer(self, saga: SagaReference) -> RecordedStep | None:
        """The reply to give without running the handler, or None when it has to run."""
        done = self._steps.get((saga.saga_id, saga.step, saga.direction))
        if done is not None:
            return done
        action = self._steps.get((saga.saga_id, saga.step, Direction.ACTION))
        undone = self._steps.get((saga.saga_id, saga.step, Direction.COMPENSATION))
        if saga.direction is Direction.ACTION and undone is not None:
            return self.record(saga, StepAlreadyUndone())
        if saga.direction is Direction.COMPENSATION and not _changed_something(action):
            return self.record(saga, NothingToUndo())
        return None

    def record(self, saga: SagaReference, reply: Reply) -> RecordedStep:
        """Remember the answer to a step."""
        step = RecordedStep(
            saga_id=saga.saga_id,
            step=saga.step,
            direction=saga.direction,
            outcome=Outcome.of(reply),
            wire_type=reply.wire_type,
            body=reply.to_body(),
        )
        self._steps[step.saga_id, step.step, step.direction] = step
        self._new.append(step)
        return step

    async def write(self, session: AsyncSession) -> None:
        """Write what the batch added, and what the session has published, in one statement."""
        if self._new:
            await fetch_all_with_messages(session, _RECORD, *_columns(self._new))


def _changed_something(action: RecordedStep | None) -> bool:
    return action is not None and action.outcome is Outcome.SUCCESS


def _columns(steps: list[RecordedStep]) -> tuple[list[object], ...]:
    return (
        [s.saga_id for s in steps],
        [s.step for s in steps],
        [s.direction.value for s in steps],
        [s.outcome.value for s in steps],
        [s.wire_type for s in steps],
        [s.body for s in steps],
    )
