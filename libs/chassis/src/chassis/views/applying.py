"""Applying events to a generation: one transaction for a batch, with checkpoint and inbox.

Exactly once and in order, whatever is delivered twice or interrupted. One event that the database
refuses is found by halving the batch, and becomes a dead letter; a database that is away is no
reason to give anything up.
"""

from collections.abc import Collection, Sequence
from uuid import UUID

import structlog
from sqlalchemy.exc import DBAPIError

from chassis.consumers.dead_letters import DeadReason, bury
from chassis.views.checkpoints import Checkpoint, Place, Step, advance
from chassis.views.coalescing import RowChanges
from chassis.views.direct_get import Batch
from chassis.views.events import ViewEvent, project
from chassis.views.feeding import Feeding
from chassis.views.writing import write

log = structlog.get_logger(__name__)

# SQLSTATE classes of what is wrong with a row and stays so: data, constraints, limits, triggers
_REFUSED = ("21", "22", "23", "44", "54", "P0")


class Applier:
    """Applies the events of one partition to one generation."""

    def __init__(self, feeding: Feeding, place: Place) -> None:
        self._database = feeding.database
        self._view = feeding.view
        self._on_buried = feeding.on_buried
        self._place = place

    async def apply(self, at: Checkpoint, batch: Batch) -> Checkpoint:
        """Apply a batch that follows on a checkpoint; returns the new one.

        Raises CheckpointMovedError when another process was faster, and what the database raises
        when it is away; in both cases nothing of the batch has been applied that the checkpoint
        does not show.
        """
        events = await project(self._view, self._place.channel.stream, batch.messages)
        return await self._settle(at, batch.messages[-1].sequence, batch.pending, events)

    async def _settle(
        self, at: Checkpoint, end: int, pending: int, events: Sequence[ViewEvent]
    ) -> Checkpoint:
        completeness = at.completeness.after(event.stored for event in events)
        step = Step(
            start=at.sequence,
            end=end,
            pending=pending,
            event_time=events[-1].time,
            completeness=completeness,
        )
        try:
            await self._transaction(step, events)
        except DBAPIError as error:
            if not _is_refusal(error):
                raise
            if len(events) > 1:
                return await self._settle_halves(at, end, pending, events)
            events[0].bury(DeadReason.NOT_PROJECTED, error.orig)
            await self._transaction(step, events)
        return Checkpoint(sequence=end, reached=max(end, at.reached), completeness=completeness)

    async def _settle_halves(
        self, at: Checkpoint, end: int, pending: int, events: Sequence[ViewEvent]
    ) -> Checkpoint:
        first, second = events[: len(events) // 2], events[len(events) // 2 :]
        middle = first[-1].stored.sequence
        at = await self._settle(at, middle, pending + len(second), first)
        return await self._settle(at, end, pending, second)

    async def _transaction(self, step: Step, events: Sequence[ViewEvent]) -> None:
        changes = _gathered(events)
        async with self._database.sessions.begin() as session:
            known = await advance(session, self._place, step, [e.event_id for e in events])
            if known:
                changes = _gathered(events, without=frozenset(known))
            await write(session, changes, self._place.generation.schema)
            dead = [one for one in events if one.reason and one.event_id not in known]
            for event in dead:
                await bury(session, event.dead_letter(self._place.generation.consumer))
        for event in dead:
            self._tell(event)

    def _tell(self, event: ViewEvent) -> None:
        assert event.reason is not None
        self._on_buried(event.reason)
        log.error(
            "event not applied",
            view=self._place.generation.consumer,
            message_id=str(event.event_id),
            reason=event.reason,
        )


def _gathered(events: Sequence[ViewEvent], without: Collection[UUID] = ()) -> RowChanges:
    changes = RowChanges()
    for event in events:
        if event.event_id not in without:
            changes.add(event.changes)
    return changes


def _is_refusal(error: DBAPIError) -> bool:
    sqlstate = getattr(error.orig, "sqlstate", None) or ""
    return sqlstate.startswith(_REFUSED)
