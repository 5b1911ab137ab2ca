"""Trying again what waits: one task a consumer, each lane from its head."""

import time
from datetime import timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.bell import Bell
from chassis.consumers.dead_letters import DeadLetter, DeadReason, bury
from chassis.consumers.deferral import (
    DeferredMessage,
    Reason,
    anything_waiting,
    await_lock,
    lanes_before,
    lanes_due,
    move,
    postpone,
    remove,
    take_head,
    waits_for,
    withdraw,
)
from chassis.consumers.inbox import take_in
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
from chassis.consumers.waking import at_place, rings_on_release, wake_waiting
from chassis.locks.errors import LockTakenError
from chassis.locks.statements import WAKE_FIRST
from chassis.messaging.envelope import ReceivedMessage
from chassis.persistence.after_commit import after_commit
from chassis.persistence.database import Database, fetch_all
from chassis.telemetry.attempts import attempt
from chassis.telemetry.conventions import Processed

log = structlog.get_logger(__name__)

_LOOK_AGAIN_SECONDS = 0.5
_IDLE_LOOK_SECONDS = 15.0
_LOOKS_BEFORE_IDLE = 20
"""What is redriven comes in waves, each after the one before is done: it finds nobody asleep."""


class WaitingMessages:
    """Works off a consumer's deferred messages.

    `nudge` says that something was deferred just now. Messages that another process left are found
    by a look every quarter of a minute, at once after a start, and within half a second for a while
    after anything was waiting. A lock that this process has released is heard of at once.
    """

    def __init__(
        self, database: Database, consumer: str, processor: Processor, policy: RetryPolicy
    ) -> None:
        self._database = database
        self._consumer = consumer
        self._processor = processor
        self._policy = policy
        self._metrics = ConsumerMetrics(consumer)
        self._nudged = False
        self._bell = rings_on_release(Bell())
        self._spans = ConsumerSpans(consumer)

    def nudge(self) -> None:
        if not self._nudged:
            self._nudged = True
            self._bell.ring()

    async def run(self) -> None:
        """Work until cancelled; a database that is away is waited for."""
        looks_left = 0
        while True:
            try:
                anything = await self._round()
            except Exception as error:  # noqa: BLE001 - the database is away: the next round finds it
                log.warning("waiting messages are not reachable", error=str(error))
                anything = True
            looks_left = _LOOKS_BEFORE_IDLE if anything else max(looks_left - 1, 0)
            await self._pause(_LOOK_AGAIN_SECONDS if looks_left else _IDLE_LOOK_SECONDS)

    async def _pause(self, seconds: float) -> None:
        await self._bell.wait(seconds)
        self._bell.silence()
        if self._nudged:
            await self._bell.wait(_LOOK_AGAIN_SECONDS)
            self._bell.silence()
        self._nudged = False

    async def _round(self) -> bool:
        async with self._database.sessions.begin() as session:
            due = await lanes_due(session, self._consumer)
            anything = bool(due) or await anything_waiting(session, self._consumer)
        for lane in due:
            await self._work_off(lane)
        return anything

    async def _work_off(self, lane: Lane) -> None:
        while await self._try_head(lane):
            pass

    async def _try_head(self, lane: Lane, lock: LockTakenError | None = None) -> bool:
        """Whether the head of the lane is done with, so that the next one may be tried.

        `lock` is the one that it is refused for.
        """
        failure: Exception | None = None
        received: ReceivedMessage | None = None
        began = time.time_ns()
        try:
            with attempt():
                async with self._database.sessions.begin() as session:
                    head = await take_head(session, self._consumer, lane)
                    if head is None:
                        return False
                    received = ReceivedMessage.read(head.headers, head.body)
                    if await self._moved(session, head, received):
                        return True
                    delivery = await self._handle(session, head, received, lock)
                    await remove(session, head)
                    await _pass_on(session, head)
                if delivery.span is not None:
                    delivery.span.end()
        except LockTakenError as error:
            if received is not None and waits_for(error, received):
                return await self._await(lane, received, error)
            if received is not None and received.reply_to and lock is None:
                return await self._try_head(lane, error)
            failure = error
        except Exception as error:  # noqa: BLE001 - handlers may raise anything; it counts as a try
            failure = error
        else:
            self._metrics.consumed(1)
            return True
        return await self._note_failure(lane, failure, began)

    async def _moved(
        self, session: AsyncSession, head: DeferredMessage, received: ReceivedMessage
    ) -> bool:
        """Whether the message has to wait in its conversation's lane, behind what waits there."""
        if head.conversation is not None:
            return False
        lanes = await lanes_before(session, self._consumer, head)
        lane = lanes.behind(received)
        if lane is not None:
            await move(session, head, lane)
        elif lanes.withdraws(received):
            await withdraw(session, self._consumer, received)
        return lane is not None

    async def _handle(
        self,
        session: AsyncSession,
        head: DeferredMessage,
        received: ReceivedMessage,
        lock: LockTakenError | None,
    ) -> Delivery:
        saga = received.saga
        intake = await take_in(session, self._consumer, (), (), (saga,) if saga else ())
        earlier = intake.steps.get((saga.saga_id, saga.step), ()) if saga else ()
        body = self._processor.read(received)
        span = self._spans.resume(head, received)
        delivery = Delivery(received, body, earlier, span, lock.refusal() if lock else None)
        with at_place(session, head.id):
            await self._processor.process(session, (delivery,))
        return delivery

    async def _await(self, lane: Lane, received: ReceivedMessage, lock: LockTakenError) -> bool:
        async with self._database.sessions.begin() as session:
            head = await take_head(session, self._consumer, lane)
            if head is not None:
                await await_lock(session, head, received, lock)
                if (head.lock_name, head.lock_key) != (lock.name, lock.key):
                    await _pass_on(session, head)
        return False

    async def _note_failure(self, lane: Lane, failure: Exception, began: int) -> bool:
        async with self._database.sessions.begin() as session:
            head = await take_head(session, self._consumer, lane)
            if head is None:
                return False
            given_up = await self._failed(session, head, failure)
            await _pass_on(session, head)
        if not isinstance(failure, UnknownTypeError):
            self._fail_span(head, failure, began, given_up=given_up)
        return given_up

    def _fail_span(
        self, head: DeferredMessage, failure: Exception, began: int, *, given_up: bool
    ) -> None:
        received = ReceivedMessage.read(head.headers, head.body)
        if (span := self._spans.resume(head, received, start=began)) is not None:
            span.fail(Processed.DEAD_LETTERED if given_up else Processed.SET_ASIDE, failure)

    async def _failed(
        self, session: AsyncSession, head: DeferredMessage, failure: Exception
    ) -> bool:
        if isinstance(failure, UnknownTypeError):
            await self._wait_on(session, head, failure, self._policy.unknown_type_delay)
            return False
        attempts = head.attempts + 1
        delay = self._policy.delay_after(attempts)
        if delay is None or isinstance(failure, UnreadableMessageError):
            await self._bury(session, head, failure, attempts)
            return True
        await self._wait_on(session, head, failure, delay, attempts)
        return False

    async def _wait_on(
        self,
        session: AsyncSession,
        head: DeferredMessage,
        failure: Exception,
        delay: timedelta,
        attempts: int | None = None,
    ) -> None:
        await postpone(
            session,
            head,
            reason=Reason.UNKNOWN_TYPE if attempts is None else Reason.FAILED,
            after=delay,
            error=f"{type(failure).__name__}: {failure}"[:1000],
            attempts=head.attempts if attempts is None else attempts,
        )

    async def _bury(
        self, session: AsyncSession, head: DeferredMessage, failure: Exception, attempts: int
    ) -> None:
        unreadable = isinstance(failure, UnreadableMessageError)
        reason = DeadReason.UNREADABLE if unreadable else DeadReason.RETRIES_EXHAUSTED
        log.error(
            "dead letter",
            consumer=self._consumer,
            key=head.key,
            message_id=str(head.message_id),
            error=type(failure).__name__,
        )
        await bury(
            session,
            DeadLetter(
                consumer=self._consumer,
                subject=head.subject,
                key=head.key,
                message_id=head.message_id,
                wire_type=head.wire_type,
                headers=head.headers,
                body=head.body,
                reason=reason,
                error=f"{type(failure).__name__}: {failure}"[:1000],
                attempts=attempts,
            ),
        )
        await remove(session, head)
        after_commit(session, lambda: self._metrics.buried(reason))


async def _pass_on(session: AsyncSession, head: DeferredMessage) -> None:
    """Let the next in the queue try, whether the one before has taken the lock or not."""
    if head.lock_name is not None:
        await fetch_all(session, WAKE_FIRST, head.lock_name, head.lock_key)
        after_commit(session, wake_waiting)
