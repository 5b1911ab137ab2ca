"""Doing something once a transaction is known to be committed."""

from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session, SessionTransaction

from chassis.outbox.session import OutboxSession

_CALLBACKS = "chassis.after_commit"


@dataclass(slots=True)
class _Callbacks:
    """What a transaction has called for; `savepoints` had so many before them."""

    due: list[Callable[[], None]] = field(default_factory=list)
    savepoints: dict[SessionTransaction, int] = field(default_factory=dict)


def after_commit(session: AsyncSession, callback: Callable[[], None]) -> None:
    """Call `callback` after the commit of the session's transaction; a rollback drops it.

    Rolling back to a savepoint drops what was called for since.
    It runs outside the transaction, does no I/O and must not raise.
    """
    session.info.setdefault(_CALLBACKS, _Callbacks()).due.append(callback)


@event.listens_for(OutboxSession, "after_commit")
def _call(session: Session) -> None:
    if not session.in_nested_transaction():
        for callback in session.info.pop(_CALLBACKS, _Callbacks()).due:
            callback()


@event.listens_for(OutboxSession, "after_transaction_create")
def _mark_savepoint(session: Session, transaction: SessionTransaction) -> None:
    if transaction.nested and (callbacks := session.info.get(_CALLBACKS)):
        callbacks.savepoints[transaction] = len(callbacks.due)


@event.listens_for(OutboxSession, "after_soft_rollback")
def _drop_rolled_back(session: Session, previous: SessionTransaction) -> None:
    callbacks = session.info.get(_CALLBACKS)
    if callbacks is None:
        return
    if previous.nested:
        del callbacks.due[callbacks.savepoints.pop(previous, 0) :]
    else:
        del session.info[_CALLBACKS]
