"""Doing something once a transaction is known to be committed."""

from collections.abc import Callable

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session, SessionTransaction

from chassis.outbox.session import OutboxSession

_CALLBACKS = "chassis.after_commit"


def after_commit(session: AsyncSession, callback: Callable[[], None]) -> None:
    """Call `callback` after the commit of the session's transaction; a rollback drops it.

    It runs outside the transaction, does no I/O and must not raise.
    """
    session.info.setdefault(_CALLBACKS, []).append(callback)


@event.listens_for(OutboxSession, "after_commit")
def _call(session: Session) -> None:
    if not session.in_nested_transaction():
        for callback in session.info.pop(_CALLBACKS, ()):
            callback()


@event.listens_for(OutboxSession, "after_soft_rollback")
def _drop(session: Session, _previous: SessionTransaction) -> None:
    session.info.pop(_CALLBACKS, None)
