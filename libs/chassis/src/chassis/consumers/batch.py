"""Handling a batch: all of it in one transaction, and one by one when that fails.

Whatever becomes of a message is committed before it is acknowledged: it is handled, it waits, or it
is a dead letter. When not even that can be written the database is away: `run` raises, nothing has
been used up, and the same batch can be run again.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.consumers.dead_letters import DeadLetter, DeadReason, bury
from chassis.consumers.deferral import Reason, defer, lane_of_locked, waits_for, withdraw
from chassis.consumers.handling import handling
from chassis.consumers.inbox import Intake, take_in
from chassis.consumers.incoming import Incoming
from chassis.consumers.lanes import Lane
from chassis.consumers.metrics import ConsumerMetrics
from chassis.consumers.policy import RetryPolicy
from chassis.consumers.processor import (
    Delivery,
    Processor,
    UnknownTypeError,
    UnreadableMessageError,
)
from chassis.consumers.spans import ConsumerSpans
from chassis.locks.errors import LockTakenError
from chassis.logs import about_message
from chassis.messaging.contracts import Message
from chassis.messaging.envelope import ReceivedMessage
from chassis.persistence.database import Database
from chassis.telemetry.attempts import attempt
from chassis.telemetry.conventions import Processed

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Sorted:
    """A batch of `size` by what has to be done with each message."""

    size: int = 1
    handle: list[Delivery] = field(default_factory=list)
    behind: list[tuple[Incoming, Lane]] = field(default_factory=list)
    locked: list[tuple[Incoming, LockTakenError]] = field(default_factory=list)
    withdrawing: list[ReceivedMessage] = field(default_factory=list)
    unknown: list[Incoming] = field(default_factory=list)
    dead: list[tuple[Incoming, DeadReason, str]] = field(default_factory=list)
    duplicates: int = 0


class BatchRunner:
    """Runs batches of one consumer."""

    def __init__(
        self, database: Database, consumer: str, processor: Processor, policy: RetryPolicy
    ) -> None:
        self._database = database
        self._consumer = consumer
        self._processor = processor
        self._policy = policy
        self._spans = ConsumerSpans(consumer)
        self._metrics = ConsumerMetrics(consumer)

    async def run(self, batch: Sequence[Incoming]) -> bool:
        """Settle every message of the batch in the database, in order.

        Returns whether anything was left waiting. Raises what the database raised when a message
        could be neither handled nor set aside.
        """
        try:
            return await self._past_locks(batch)
        except Exception as error:  # noqa: BLE001 - handlers may raise anything; each is tried alone
            if len(batch) > 1:
                log.info("batch is tried one by one", size=len(batch), error=type(error).__name__)
        waiting = [await self._run_alone(message) for message in batch]
        return any(waiting)

    async def _past_locks(self, batch: Sequence[Incoming]) -> bool:
        """Run the batch, and again without what a lock has stopped, until it succeeds."""
        in_the_way: dict[UUID, LockTakenError] = {}
        while True:
            try:
                return await self._timed(batch, in_the_way)
            except LockTakenError as error:
                stopped = _stopped_by(error, batch)
                if stopped is None or stopped.inbox_id in in_the_way:
                    raise
                in_the_way[stopped.inbox_id] = error

    async def _run_alone(self, message: Incoming) -> bool:
        began = time.time_ns()
        failure: Exception | None = None
        for _ in range(1 + self._policy.immediate):
            try:
                return await self._past_locks((message,))
            except Exception as error:  # noqa: BLE001 - whatever it is, the message waits its turn
                failure = error
        return await self._set_aside(message, failure, began)

    async def _set_aside(self, message: Incoming, failure: Exception | None, began: int) -> bool:
        span = self._spans.begin(message, start=began)
        with handling(message.received, span):
            log.warning(
                "message set aside",
                consumer=self._consumer,
                key=message.key,
                error=type(failure).__name__,
            )
            if not await self._defer_failed(message, failure):
                return False
        self._metrics.deferred(1, Reason.FAILED)
        if span is not None:
            span.fail(Processed.SET_ASIDE, failure)
        return True

    async def _defer_failed(self, message: Incoming, failure: Exception | None) -> bool:
        """False where it turns out to be a duplicate."""
        async with self._database.sessions.begin() as session:
            if not (await self._take_in(session, (message,))).fresh:
                return False
            await defer(
                session,
                self._consumer,
                (message,),
                reason=Reason.FAILED,
                after=self._policy.delays[0],
                error=_told(failure),
                attempts=1,
            )
        return True

    async def _timed(
        self, batch: Sequence[Incoming], in_the_way: Mapping[UUID, LockTakenError]
    ) -> bool:
        began = time.perf_counter()
        try:
            waiting = await self._transaction(batch, in_the_way)
        except Exception as error:
            self._metrics.took(time.perf_counter() - began, error)
            raise
        self._metrics.took(time.perf_counter() - began)
        return waiting

    async def _transaction(
        self, batch: Sequence[Incoming], in_the_way: Mapping[UUID, LockTakenError]
    ) -> bool:
        with attempt():
            async with self._database.sessions.begin() as session:
                intake = await self._take_in(session, batch)
                work = self._sort(batch, intake, in_the_way)
                await self._write_aside(session, work)
                if work.handle:
                    await self._processor.process(session, work.handle)
            self._end_spans(work)
        self._count(work)
        return bool(work.behind or work.unknown or work.locked or work.withdrawing)

    async def _take_in(self, session: AsyncSession, batch: Sequence[Incoming]) -> Intake:
        received = [message.received for message in batch if message.received]
        return await take_in(
            session,
            self._consumer,
            [message.inbox_id for message in batch],
            list({message.key for message in received}),
            [message.saga for message in received if message.saga],
        )

    def _sort(
        self,
        batch: Sequence[Incoming],
        intake: Intake,
        in_the_way: Mapping[UUID, LockTakenError],
    ) -> _Sorted:
        work = _Sorted(size=len(batch))
        new = set(intake.fresh)
        for message in batch:
            if message.inbox_id not in new:
                work.duplicates += 1
                continue
            new.discard(message.inbox_id)
            self._sort_one(message, intake, in_the_way.get(message.inbox_id), work)
        return work

    def _sort_one(
        self, message: Incoming, intake: Intake, lock: LockTakenError | None, work: _Sorted
    ) -> None:
        received = message.received
        if received is None:
            work.dead.append((message, DeadReason.MALFORMED, message.malformed or ""))
        elif (lane := intake.lanes.behind(received)) is not None:
            work.behind.append((message, lane))
        elif lock is not None and waits_for(lock, received):
            intake.lanes.add(*lane_of_locked(received))
            work.locked.append((message, lock))
        else:
            if intake.lanes.withdraws(received):
                work.withdrawing.append(received)
            try:
                body = self._processor.read(received)
            except UnknownTypeError as error:
                with about_message(received):
                    log.warning(
                        "message waits for a handler", type=received.wire_type, why=str(error)
                    )
                intake.lanes.add(Lane(received.key))
                work.unknown.append(message)
            except UnreadableMessageError as error:
                work.dead.append((message, DeadReason.UNREADABLE, str(error)))
            else:
                work.handle.append(self._delivery(message, body, intake, work.size, lock))

    async def _write_aside(self, session: AsyncSession, work: _Sorted) -> None:
        if work.unknown:
            await defer(
                session,
                self._consumer,
                work.unknown,
                reason=Reason.UNKNOWN_TYPE,
                after=self._policy.unknown_type_delay,
            )
        for message, lock in work.locked:
            await self._defer_locked(session, message, lock)
        if work.behind:
            messages, lanes = zip(*work.behind, strict=True)
            await defer(session, self._consumer, messages, reason=Reason.BEHIND, lanes=lanes)
        for undone in work.withdrawing:
            await withdraw(session, self._consumer, undone)
        for message, reason, error in work.dead:
            await bury(session, self._letter(message, reason, error))

    async def _defer_locked(
        self, session: AsyncSession, message: Incoming, lock: LockTakenError
    ) -> None:
        assert message.received is not None, "what is malformed needs no lock"
        with about_message(message.received):
            log.info("message waits for a lock", lock=lock.name, of=lock.key, why=str(lock))
        lane, _ = lane_of_locked(message.received)
        await defer(
            session,
            self._consumer,
            (message,),
            reason=Reason.LOCKED,
            error=str(lock)[:1000],
            lanes=(lane,),
            awaited=lock,
        )

    def _letter(self, message: Incoming, reason: DeadReason, error: str) -> DeadLetter:
        received = message.received
        with about_message(received):
            log.error("dead letter", consumer=self._consumer, reason=reason, error=error)
        return DeadLetter(
            consumer=self._consumer,
            subject=message.subject,
            key=message.key,
            message_id=received.message_id if received else None,
            wire_type=received.wire_type if received else None,
            headers=message.raw_headers,
            body=message.body,
            reason=reason,
            error=error,
            attempts=1,
        )

    def _delivery(
        self,
        message: Incoming,
        body: Message,
        intake: Intake,
        batch: int,
        lock: LockTakenError | None,
    ) -> Delivery:
        received = message.received
        assert received is not None, "what is malformed is not handled"
        saga = received.saga
        earlier = intake.steps.get((saga.saga_id, saga.step), ()) if saga else ()
        span = self._spans.begin(message, batch=batch)
        return Delivery(received, body, earlier, span, lock.refusal() if lock else None)

    def _end_spans(self, work: _Sorted) -> None:
        for delivery in work.handle:
            if delivery.span is not None:
                delivery.span.end()
        for message, _, _ in work.dead:
            if (span := self._spans.begin(message, batch=work.size)) is not None:
                span.fail(Processed.DEAD_LETTERED)

    def _count(self, work: _Sorted) -> None:
        self._metrics.consumed(len(work.handle), work.duplicates)
        self._metrics.deferred(len(work.behind), Reason.BEHIND)
        self._metrics.deferred(len(work.unknown), Reason.UNKNOWN_TYPE)
        self._metrics.deferred(len(work.locked), Reason.LOCKED)
        for _, reason, _ in work.dead:
            self._metrics.buried(reason)


def _told(error: Exception | None) -> str:
    return f"{type(error).__name__}: {error}"[:1000]


def _stopped_by(lock: LockTakenError, batch: Sequence[Incoming]) -> Incoming | None:
    """The message that the lock has stopped, if it can wait or be refused."""
    stopped = [one for one in batch if len(batch) == 1 or one.inbox_id == lock.message_id]
    for one in stopped:
        if one.received and (waits_for(lock, one.received) or one.received.reply_to):
            return one
    return None
