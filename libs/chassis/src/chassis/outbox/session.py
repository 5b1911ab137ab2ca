"""The session whose commit writes the outbox.

Messages published in a transaction are kept with the session and inserted by one statement when
the caller commits, or before that together with another of the chassis's (`chassis.outbox.joined`).
In both cases the caller's own changes are flushed first, so that a row's place in the outbox
follows the locks of the aggregate that it is about. Rolling back drops them; rolling back to a
savepoint drops those published since.
"""

from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session, SessionTransaction

from chassis.ids import new_id
from chassis.messaging.contracts import Kind
from chassis.messaging.topology import kind_of
from chassis.outbox.poke import Poke
from chassis.outbox.row import OutboxRow
from chassis.persistence.driver import fetch_within

_TYPES = ("uuid[]", "smallint[]", "text[]", "text[]", "bytea[]", "bytea[]")


def insert_messages(*, first: int) -> str:
    """The insert into the outbox, with its parameters from `$first` on: `unwritten_columns`."""
    parameters = ", ".join(f"${number}::{kind}" for number, kind in enumerate(_TYPES, first))
    return f"""
    INSERT INTO outbox (message_id, shard, key, subject, headers, body)
    SELECT * FROM unnest({parameters})
    """  # noqa: S608 - constants


_INSERT = insert_messages(first=1)


class UnspentIdError(RuntimeError):
    """An id was reserved for an event that the transaction does not publish."""


@dataclass(slots=True)
class _Carried:
    """What a transaction has published; the first `written` of the rows are in the database."""

    rows: list[OutboxRow] = field(default_factory=list)
    written: int = 0
    reserved: list[UUID] = field(default_factory=list)
    savepoints: dict[SessionTransaction, tuple[int, int]] = field(default_factory=dict)
    pokes: set[Poke] = field(default_factory=set)


class OutboxSession(Session):
    """A SQLAlchemy session that carries messages to its own commit."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        self.carried = _Carried()
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # Session's own long signature

    def publish(self, row: OutboxRow, poke: Poke) -> None:
        """Write the row with this transaction, and poke the relay once it is committed."""
        self.carried.rows.append(row)
        self.carried.pokes.add(poke)

    def unwritten_columns(self) -> list[list[object]]:
        """The rows that are not in the database yet, column by column; from now on they are."""
        rows = self.carried.rows[self.carried.written :]
        self.carried.written += len(rows)
        columns = [list(column) for column in zip(*rows, strict=True)]
        return columns or [[] for _ in _TYPES]

    def reserve(self, event_id: UUID) -> None:
        """Have the next event take this id; see `chassis.outbox.publishing.reserve`."""
        self.carried.reserved.append(event_id)

    def next_event_id(self) -> UUID:
        """The id of an event that is about to be published: one that was reserved, or a new one."""
        unspent = self.unspent
        return unspent[0] if unspent else new_id()

    @property
    def unspent(self) -> list[UUID]:
        """Ids that are reserved and that no event has; a savepoint's rollback gives one back."""
        if not self.carried.reserved:
            return []
        spent = {row.message_id for row in self.carried.rows}
        return [one for one in self.carried.reserved if one not in spent]

    @property
    def event_ids(self) -> list[UUID]:
        """The ids of the events that the transaction has published so far."""
        return [row.message_id for row in self.carried.rows if kind_of(row.subject) is Kind.EVENTS]


def outbox_session(session: AsyncSession) -> OutboxSession:
    """What carries the session's messages; raises TypeError for a session of another's making."""
    sync_session = session.sync_session
    if not isinstance(sync_session, OutboxSession):
        raise TypeError("the session is not the chassis's: take it from Database.sessions")
    return sync_session


@event.listens_for(OutboxSession, "before_commit")
def _write_outbox(session: OutboxSession) -> None:
    if session.unspent:
        raise UnspentIdError(
            "an id was reserved, and no event has it: publish one after `reserve`, in the same "
            "transaction"
        )
    if session.carried.written == len(session.carried.rows):
        return
    session.flush()
    fetch_within(session.connection(), _INSERT, session.unwritten_columns())


@event.listens_for(OutboxSession, "after_commit")
def _poke_relay(session: OutboxSession) -> None:
    for poke in session.carried.pokes:
        poke()
    session.carried = _Carried()


@event.listens_for(OutboxSession, "after_transaction_create")
def _mark_savepoint(session: OutboxSession, transaction: SessionTransaction) -> None:
    if transaction.nested:
        carried = session.carried
        carried.savepoints[transaction] = len(carried.rows), carried.written


@event.listens_for(OutboxSession, "after_soft_rollback")
def _drop_rolled_back(session: OutboxSession, previous: SessionTransaction) -> None:
    if previous.nested:
        carried = session.carried
        published, carried.written = carried.savepoints.pop(previous, (0, 0))
        del carried.rows[published:]
    else:
        session.carried = _Carried()
