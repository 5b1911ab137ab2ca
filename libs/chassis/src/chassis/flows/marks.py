"""What a transaction expects and sees of flows: at most three statements when the caller commits.

Rolling back drops it; rolling back to a savepoint drops what was said since.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import SessionTransaction

from chassis.flows import statements
from chassis.outbox.session import OutboxSession
from chassis.persistence.driver import fetch_within

_MARKS = "chassis.flows"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    flow: str
    key: str
    awaits: str
    by: str
    correlation_id: str | None
    within: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """The stage of that number, counted from 0, is due now."""

    flow: str
    key: str
    stage: int
    awaits: str
    by: str
    within: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    flow: str
    key: str


Mark = Expected | Reached | Ended
M = TypeVar("M", Expected, Reached, Ended)


@dataclass(slots=True)
class _Unwritten:
    marks: list[Mark] = field(default_factory=list)
    savepoints: dict[SessionTransaction, int] = field(default_factory=dict)


def mark(session: AsyncSession, one: Mark) -> None:
    """Write the mark with the session's transaction."""
    _unwritten(session.sync_session).marks.append(one)


def _unwritten(session: object) -> _Unwritten:
    if not isinstance(session, OutboxSession):
        raise TypeError("the session is not the chassis's: take it from Database.sessions")
    unwritten: _Unwritten = session.info.setdefault(_MARKS, _Unwritten())
    return unwritten


@event.listens_for(OutboxSession, "before_commit")
def _write(session: OutboxSession) -> None:
    unwritten = session.info.get(_MARKS)
    if unwritten is None or not unwritten.marks:
        return
    # the order of keys is the same in all transactions, so that they wait and never deadlock
    marks = sorted(unwritten.marks, key=lambda one: (one.flow, one.key))
    connection = session.connection()
    if expected := _last_of_each(one for one in marks if isinstance(one, Expected)):
        fetch_within(connection, statements.EXPECT, _columns_of_expected(expected))
    reached = (one for one in marks if isinstance(one, Reached))
    if furthest := _last_of_each(sorted(reached, key=lambda one: (one.flow, one.key, one.stage))):
        fetch_within(connection, statements.REACH, _columns_of_reached(furthest))
    if ended := _last_of_each(one for one in marks if isinstance(one, Ended)):
        keys = [one.flow for one in ended], [one.key for one in ended]
        fetch_within(connection, statements.END, keys)
    unwritten.marks = []


def _last_of_each(marks: Iterable[M]) -> list[M]:
    return list({(one.flow, one.key): one for one in marks}.values())


def _columns_of_expected(expected: Sequence[Expected]) -> tuple[list[object], ...]:
    return (
        [one.flow for one in expected],
        [one.key for one in expected],
        [one.awaits for one in expected],
        [one.by for one in expected],
        [one.correlation_id for one in expected],
        [one.within.total_seconds() for one in expected],
    )


def _columns_of_reached(reached: Sequence[Reached]) -> tuple[list[object], ...]:
    return (
        [one.flow for one in reached],
        [one.key for one in reached],
        [one.stage for one in reached],
        [one.awaits for one in reached],
        [one.by for one in reached],
        [one.within.total_seconds() for one in reached],
    )


@event.listens_for(OutboxSession, "after_transaction_create")
def _mark_savepoint(session: OutboxSession, transaction: SessionTransaction) -> None:
    if transaction.nested and (unwritten := session.info.get(_MARKS)):
        unwritten.savepoints[transaction] = len(unwritten.marks)


@event.listens_for(OutboxSession, "after_soft_rollback")
def _drop_rolled_back(session: OutboxSession, previous: SessionTransaction) -> None:
    unwritten = session.info.get(_MARKS)
    if unwritten is None:
        return
    if previous.nested:
        del unwritten.marks[unwritten.savepoints.pop(previous, 0) :]
    else:
        del session.info[_MARKS]
