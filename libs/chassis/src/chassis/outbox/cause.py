"""What the work in a transaction answers to, so that all it publishes stays in one conversation."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

_CAUSE = "chassis.cause"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """The conversation, and the message in it that is being answered, reacted to or carried on."""

    correlation_id: str
    causation_id: UUID | None


@contextmanager
def caused_by(session: AsyncSession, cause: Cause | None) -> Iterator[None]:
    """Let everything published meanwhile with this session carry the cause's ids.

    Handlers and local steps of sagas run like that already. It is for work that goes on later, such
    as a timer's: keep `cause_of(session)` with what has to be done, and give it back here.
    """
    before = session.info.get(_CAUSE)
    session.info[_CAUSE] = cause
    try:
        yield
    finally:
        session.info[_CAUSE] = before


def cause_of(session: AsyncSession) -> Cause | None:
    """What the session's work is caused by at the moment; None where a conversation begins."""
    cause = session.info.get(_CAUSE)
    return cause if isinstance(cause, Cause) else None
