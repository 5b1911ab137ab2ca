"""Publishing where only the session is at hand: in use cases and in a saga's local steps."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.messaging.contracts import Event
from chassis.outbox.outbox import Outbox
from chassis.outbox.session import outbox_session
from chassis.persistence.database import Database

_OUTBOX = "chassis.outbox"


class UnboundSessionError(Exception):
    """A session does not know its service's outbox."""


def bind_outbox(database: Database, outbox: Outbox) -> None:
    """Let every session that the database makes from now on know the service's outbox."""
    database.sessions.configure(info={_OUTBOX: outbox})


def outbox_of(session: AsyncSession) -> Outbox:
    """Raises UnboundSessionError for a session whose database was not bound to an outbox."""
    outbox = session.info.get(_OUTBOX)
    if not isinstance(outbox, Outbox):
        raise UnboundSessionError(
            "the session knows no outbox: `bind_outbox(database, outbox)` where it is composed"
        )
    return outbox


def publish(session: AsyncSession, *events: Event) -> None:
    """Publish domain events with the session's transaction, each under its own key.

    In a handler or a saga's local step they carry the conversation on.
    Raises UnboundSessionError for a session whose database was not bound to an outbox.
    """
    outbox_of(session).publish(session, *events)


def reserve(session: AsyncSession, event_id: UUID) -> None:
    """Have the next event that the transaction publishes take this id.

    For an answer that has to be known before the change, such as one kept under an idempotency key.
    A commit without that event raises UnspentIdError, and nothing is committed.
    """
    outbox_session(session).reserve(event_id)


def published(session: AsyncSession) -> tuple[UUID, ...]:
    """The ids of the events that the session's transaction has published so far, in order."""
    return tuple(outbox_session(session).event_ids)
