"""What shows of sagas once they are committed: log lines, metrics, the timers' alarm."""

from collections.abc import Sequence

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.alarm import Alarm
from chassis.persistence.after_commit import after_commit
from chassis.sagas import metrics
from chassis.sagas.batch import Move
from chassis.sagas.effects import Transition
from chassis.sagas.state import EntryKind

log = structlog.get_logger(__name__)


def report_after_commit(session: AsyncSession, moves: Sequence[Move], alarm: Alarm) -> None:
    """Report what has moved as soon as it is committed; a rollback reports nothing."""

    def report() -> None:
        metrics.count([move.transition for move in moves])
        for move in moves:
            with move.telling():
                _report(move.transition)
            if move.transition.after.wake_at is not None:
                alarm.set(move.transition.after.wake_at)

    after_commit(session, report)


def _report(transition: Transition) -> None:
    before, after = transition.before, transition.after
    first = transition.entries[0]
    if first.kind is EntryKind.STARTED:
        _log("saga started", transition)
    if first.kind is EntryKind.INTERVENED:
        _log("saga intervened in", transition, detail=first.detail)
    if before.state is not after.state:
        _log("saga changed state", transition)


def _log(event: str, transition: Transition, **more: object) -> None:
    after, message_id = transition.after, transition.entries[0].message_id
    log.info(
        event,
        message_id=str(message_id) if message_id else None,
        saga_type=after.saga_type,
        saga_id=str(after.saga_id),
        subject=after.subject_key,
        state=after.state,
        step=after.step,
        error=after.error,
        **more,
    )
