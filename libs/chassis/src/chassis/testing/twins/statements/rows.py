"""What the chassis's tables hold in a `Store`, and how its statements answer."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

OUTBOX, INBOX, STEPS = "outbox", "received_messages", "participant_steps"
DEFERRED, DEAD_LETTERS, FLOWS = "deferred_messages", "dead_letters", "flow_expectations"
ANSWERS = "pending_answers"
LOCKS = "semantic_locks"


class TakenIn(NamedTuple):
    kind: str
    id: UUID | None = None
    name: str | None = None
    direction: str | None = None
    outcome: str | None = None
    reply_type: str | None = None
    reply_body: bytes | None = None
    conversation: str | None = None
    locked_step: str | None = None


class PendingAnswer(NamedTuple):
    token_digest: bytes
    command_id: UUID
    wire_type: str
    correlation_id: str
    reply_to: str
    saga_type: str | None
    saga_id: UUID | None
    step: str | None
    direction: str | None
    trace: str | None


class Deferred(NamedTuple):
    id: int
    key: str
    message_id: UUID
    wire_type: str
    subject: str
    headers: str
    body: bytes
    attempts: int
    reason: str
    conversation: str | None
    lock_name: str | None
    lock_key: str | None
    saga_step: str | None
    consumer: str
    error: str | None
    next_attempt_at: datetime


class Lock(NamedTuple):
    name: str
    key: str
    holder: str
    holder_type: str
    taken_at: datetime
    expires_at: datetime


class Buried(NamedTuple):
    consumer: str
    subject: str
    key: str | None
    message_id: UUID | None
    wire_type: str | None
    headers: str
    body: bytes
    reason: str
    error: str
    attempts: int


class Expectation(NamedTuple):
    flow: str
    key: str
    awaits: str | None
    stage: int
    due_at: datetime | None
    ended: bool = False


def later(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)
