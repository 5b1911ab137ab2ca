"""What the work in a transaction answers to, so that all it publishes stays in one conversation."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.telemetry.kept import kept_trace, resumed_trace

_CAUSE = "chassis.cause"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """The conversation, and the message in it that is being answered, reacted to or carried on."""

    correlation_id: str
    causation_id: UUID | None
    saga_type: str | None = None
    """The type of the saga whose step is worked on, if it is one's."""
    trace: str | None = None
    """The trace that it belongs to, for telemetry alone to read; see `cause_to_keep`."""


@contextmanager
def caused_by(session: AsyncSession, cause: Cause | None) -> Iterator[None]:
    """Let everything published meanwhile with this session carry the cause's ids.

    Handlers and local steps of sagas run like that already. It is for work that goes on later, such
    as a timer's: keep `cause_to_keep(session)` with what has to be done, and give it back here.
    """
    before = session.info.get(_CAUSE)
    session.info[_CAUSE] = cause
    try:
        if cause is None or cause.trace is None:
            yield
        else:
            with resumed_trace(cause.trace):
                yield
    finally:
        session.info[_CAUSE] = before


def cause_of(session: AsyncSession) -> Cause | None:
    """What the session's work is caused by at the moment; None where a conversation begins."""
    cause = session.info.get(_CAUSE)
    return cause if isinstance(cause, Cause) else None


def cause_to_keep(session: AsyncSession) -> Cause | None:
    """`cause_of(session)` with its trace, for work that goes on later."""
    cause = cause_of(session)
    return None if cause is None else replace(cause, trace=kept_trace())
