"""Answers that take hours: a command is taken now and answered by whoever has the token.

    async def check_credit(command: CheckCredit, session: AsyncSession) -> AnswerLater:
        session.add(CreditCheck(order_id=command.order_id, token=reply_token(session)))
        return answer_later()

    async def decide(session: AsyncSession, check: CreditCheck, *, granted: bool) -> None:
        await answer(session, check.token, CreditGranted() if granted else CreditRefused())

The step needs a time-out that is long enough: its command, repeated meanwhile, is silently taken
for the same question. A compensation that comes meanwhile is handled, and spends the token.

A token is 256 random bits, answers one command once, and only its digest is kept: it may be given
to a third party, such as in the address of a webhook, once the handler's transaction is committed:
before that nobody can answer. Whoever has it can have the question answered, so it is in no log.
"""

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.consumers.answers import Question
from chassis.messaging.contracts import Reply
from chassis.messaging.envelope import Direction, Outcome, SagaReference
from chassis.outbox.publishing import outbox_of
from chassis.persistence.database import fetch_all
from chassis.telemetry.kept import answering_trace, kept_trace

_ASKED = "chassis.asked"
_TOKEN_BYTES: Final = 32

_EXPECT = """
INSERT INTO pending_answers (token_digest, command_id, wire_type, correlation_id, reply_to,
                             saga_type, saga_id, step, direction, trace)
SELECT * FROM unnest($1::bytea[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[],
                     $7::uuid[], $8::text[], $9::text[], $10::text[])
"""
_SPEND = """
DELETE FROM pending_answers
WHERE (saga_id, step, direction) IN (SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[]))
"""
# The question's row is locked before the step's, as where a compensation spends the token
_ANSWER = """
WITH question AS (
    DELETE FROM pending_answers WHERE token_digest = $1 RETURNING *
), recorded AS (
    UPDATE participant_steps AS step
    SET outcome = $2, reply_type = $3, reply_body = $4, recorded_at = clock_timestamp()
    FROM question
    WHERE step.saga_id = question.saga_id AND step.step = question.step
      AND step.direction = question.direction
)
SELECT command_id, wire_type, correlation_id, reply_to, saga_type, saga_id, step, direction, trace
FROM question
"""
PENDING: Final = """
SELECT asked_at, wire_type, saga_type, saga_id, step, direction, command_id
FROM pending_answers
WHERE ($1::text IS NULL OR saga_id = $1::uuid)
ORDER BY asked_at LIMIT $2
"""


class NotAskedError(TypeError):
    """A token is asked for, or an answer put off, where nobody waits for one."""


class AnswerLater:
    """What a handler returns instead of a reply; see `answer_later`."""


_LATER: Final = AnswerLater()

Place = tuple[UUID, str, Direction]


def answer_later() -> AnswerLater:
    """Return this from a command's handler that has taken a `reply_token`: no reply is sent now."""
    return _LATER


def reply_token(session: AsyncSession) -> str:
    """What `answer` takes for the command that is being handled; always the same for one.

    Without `answer_later` it is good for nothing. Raises NotAskedError outside of a handler, and in
    that of a message without an answer.
    """
    asked = session.info.get(_ASKED)
    if not isinstance(asked, Asked) or asked.question is None:
        raise NotAskedError("nobody waits for an answer here: take a token in a command's handler")
    if asked.token is None:
        asked.token = secrets.token_urlsafe(_TOKEN_BYTES)
        asked.trace = kept_trace()
    return asked.token


async def answer(session: AsyncSession, token: str, reply: Reply) -> bool:
    """Send the answer to the command that the token was taken for, with the caller's transaction.

    Returns False, and nothing is sent, for a token that is spent: the command is answered already,
    or its step was undone meanwhile. What the caller changes for the answer's sake belongs behind
    that. Of two that answer at the same time the second waits, and has False.
    """
    outcome = Outcome.of(reply)
    found = await fetch_all(
        session, _ANSWER, _digest(token), outcome.value, reply.wire_type, reply.to_body()
    )
    if not found:
        return False
    [row] = found
    with answering_trace(row.trace):
        outbox_of(session).add(session, _question(row).answered(reply, outcome))
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingAnswer:
    """A command that is still to be answered."""

    asked_at: datetime
    wire_type: str
    saga_type: str | None
    saga_id: UUID | None
    step: str | None
    direction: Direction | None
    command_id: UUID


async def pending_answers(
    session: AsyncSession, *, saga_id: UUID | None = None, limit: int = 100
) -> list[PendingAnswer]:
    """The commands that wait for an answer, of one saga or of all; the oldest first."""
    rows = await fetch_all(session, PENDING, str(saga_id) if saga_id else None, limit)
    return [
        PendingAnswer(**{**row, "direction": Direction(row.direction) if row.direction else None})
        for row in rows
    ]


@dataclass(slots=True)
class Asked:
    """The question that is being handled, and the token that was taken for it."""

    question: Question | None
    token: str | None = None
    trace: str | None = None


@contextmanager
def asked(session: AsyncSession, question: Question | None) -> Iterator[Asked]:
    """Let the handler in this block take a token for the question."""
    session.info[_ASKED] = current = Asked(question)
    try:
        yield current
    finally:
        del session.info[_ASKED]


class LateAnswers:
    """The questions of a batch that are answered later, and those whose token it spends."""

    def __init__(self) -> None:
        self._expected: list[tuple[Question, str, str | None]] = []
        self._spent: list[Place] = []

    def expect(self, asked: Asked) -> None:
        """Raises NotAskedError where nobody waits, or where no token was taken."""
        if asked.question is None:
            raise NotAskedError("answer_later() answers a command, and nobody waits for this one's")
        if asked.token is None:
            raise NotAskedError(
                f"{asked.question.wire_type} would never be answered: take a "
                "`reply_token(session)` before `answer_later()`, and keep it for `answer`"
            )
        self._expected.append((asked.question, asked.token, asked.trace))

    def spend(self, place: Place) -> None:
        """The step was undone: nobody waits for its answer any more."""
        self._expected = [one for one in self._expected if _place(one[0].saga) != place]
        self._spent.append(place)

    async def write(self, session: AsyncSession) -> None:
        if self._spent:
            saga_ids, steps, directions = zip(*self._spent, strict=True)
            await fetch_all(session, _SPEND, list(saga_ids), list(steps), list(directions))
        if self._expected:
            rows = [_row(*one) for one in self._expected]
            await fetch_all(session, _EXPECT, *[list(column) for column in zip(*rows, strict=True)])


def _row(question: Question, token: str, trace: str | None) -> tuple[object, ...]:
    saga = question.saga
    return (
        _digest(token),
        question.command_id,
        question.wire_type,
        question.correlation_id,
        question.reply_to,
        saga.saga_type if saga else None,
        saga.saga_id if saga else None,
        saga.step if saga else None,
        saga.direction.value if saga else None,
        trace,
    )


def _question(row: Any) -> Question:
    saga = None
    if row.saga_id is not None:
        saga = SagaReference(
            saga_type=row.saga_type,
            saga_id=row.saga_id,
            step=row.step,
            direction=Direction(row.direction),
        )
    return Question(
        command_id=row.command_id,
        wire_type=row.wire_type,
        correlation_id=row.correlation_id,
        reply_to=row.reply_to,
        saga=saga,
    )


def _place(saga: SagaReference | None) -> Place | None:
    return None if saga is None else (saga.saga_id, saga.step, saga.direction)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
