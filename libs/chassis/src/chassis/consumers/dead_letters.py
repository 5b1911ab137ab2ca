"""Dead letters: messages that a service has given up on, with everything needed to look into them
and to send them again.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.persistence.database import fetch_all
from chassis.persistence.storable import storable

_BURY = """
INSERT INTO dead_letters
    (consumer, subject, key, message_id, wire_type, headers, body, reason, error, attempts)
VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7, $8, $9, $10)
"""


class DeadReason(StrEnum):
    """Why a message was given up."""

    MALFORMED = "malformed"
    UNREADABLE = "unreadable"
    RETRIES_EXHAUSTED = "retries-exhausted"
    NOT_PROJECTED = "not-projected"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    consumer: str
    subject: str
    key: str | None
    message_id: UUID | None
    wire_type: str | None
    headers: Mapping[str, str]
    body: bytes
    reason: DeadReason
    error: str
    attempts: int


async def bury(session: AsyncSession, letter: DeadLetter) -> None:
    """Enter a dead letter with the caller's transaction.

    Whatever PostgreSQL has no place for in its key, headers and error is replaced: a message that
    could not be given up would stop its consumer.
    """
    await fetch_all(
        session,
        _BURY,
        letter.consumer,
        letter.subject,
        _storable(letter.key),
        letter.message_id,
        _storable(letter.wire_type),
        json.dumps({storable(name): storable(text) for name, text in letter.headers.items()}),
        letter.body,
        letter.reason.value,
        storable(letter.error),
        letter.attempts,
    )


def _storable(text: str | None) -> str | None:
    return None if text is None else storable(text)
