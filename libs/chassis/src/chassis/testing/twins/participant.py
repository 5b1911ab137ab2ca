"""Participants that are made up: what each command is answered, and when.

customers = participant("customer")
customers.on(ReserveCredit).stay_silent(times=1).reply(CreditReserved())
customers.on(ReleaseCredit).refuse(CreditNotReserved())
customers.on(ConfirmCredit).answer_after(hours(3), CreditConfirmed())
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat
from typing import Any, NamedTuple, Self

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.consumers.barrier import Barrier
from chassis.consumers.processor import Delivery, UnknownTypeError
from chassis.messaging.contracts import Command, Encodable, Message, Reply
from chassis.messaging.envelope import Direction, Outcome, OutgoingMessage, ReceivedMessage
from chassis.messaging.topology import Consumer, ServiceTopology, Stream, commands
from chassis.outbox.outbox import Outbox
from chassis.persistence.database import Database
from chassis.testing.twins.database import TwinDatabase
from chassis.testing.twins.service import Parts, ServiceTwin
from chassis.testing.twins.session import TwinSyncSession
from chassis.testing.twins.statements import STEPS
from chassis.testing.twins.store import Store

LATE = "participant_late_answers"

MakeReply = Callable[[Any], Reply]


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


class ParticipantFailedError(Exception):
    """A made-up participant was told to fail: its consumer tries again, as with any failure."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one command gets; no reply is silence, or a failure."""

    reply: MakeReply | None = None
    after: timedelta = timedelta()
    fails: bool = False


@dataclass(slots=True)
class Answers:
    """What commands of one type get, one after another; the last is given for ever."""

    command: type[Command]
    planned: list[tuple[Answer, int | None]] = field(default_factory=list)

    def reply(self, reply: Reply | MakeReply, *, times: int | None = None) -> Self:
        """Succeed with a reply, or with what a function of the command gives."""
        return self._plan(Answer(_maker(reply)), times)

    def refuse(self, refusal: Reply | MakeReply, *, times: int | None = None) -> Self:
        """Refuse with a refusal, or with what a function of the command gives."""
        return self._plan(Answer(_maker(refusal)), times)

    def answer_after(
        self, passed: timedelta, reply: Reply | MakeReply, *, times: int | None = None
    ) -> Self:
        """Answer later; a compensation that comes meanwhile makes the answer void."""
        return self._plan(Answer(_maker(reply), after=passed), times)

    def stay_silent(self, *, times: int | None = None) -> Self:
        """Take the command and never answer it."""
        return self._plan(Answer(), times)

    def fail(self, *, times: int | None = None) -> Self:
        """Break down over the command, which is tried again later."""
        return self._plan(Answer(fails=True), times)

    def at(self, call: int) -> Answer:
        """What the command with this number gets (from 0)."""
        last = Answer()
        for answer, _ in zip(self._all(), range(call + 1), strict=False):
            last = answer
        return last

    def _plan(self, answer: Answer, times: int | None) -> Self:
        self.planned.append((answer, times))
        return self

    def _all(self) -> Iterator[Answer]:
        return chain.from_iterable(
            repeat(answer) if times is None else repeat(answer, times)
            for answer, times in self.planned
        )


@dataclass(frozen=True, kw_only=True)
class Participant(ServiceTwin):
    """A made-up service that takes the commands of a context; see `participant`.

    Inbox and barrier stand before its answers, as in a service of the chassis: a repeated command
    gets the reply that it had.
    """

    answers: dict[str, Answers]

    def on(self, command: type[Command]) -> Answers:
        """Say what this command gets; without anything said it is not understood and waits."""
        return self.answers.setdefault(command.wire_type, Answers(command))


def participant(context: str) -> Participant:
    """A made-up service of this name for the commands of a context of the same name."""
    answers: dict[str, Answers] = {}
    consumer = Consumer(service=f"{context}-service", channel=commands(context))

    def parts(database: Database) -> Parts:
        assert isinstance(database, TwinDatabase), "participants are made up among twins"
        late = _LateAnswers(database)
        return Parts(
            processors={consumer.name: lambda outbox: _Answering(answers, outbox, late)},
            timers=(late,),
        )

    topology = ServiceTopology(
        service=consumer.service,
        context=context,
        streams=(Stream(channel=consumer.channel),),
        consumers=(consumer,),
    )
    return Participant(topology=topology, parts=parts, answers=answers)


class _Late(NamedTuple):
    due_at: datetime
    received: ReceivedMessage
    reply: Reply


class _LateAnswers:
    """The answers that are still to come, in the participant's database."""

    def __init__(self, database: TwinDatabase) -> None:
        self._database = database
        self.outbox: Outbox | None = None

    def next_due(self) -> datetime | None:
        late: list[_Late] = self._database.store.rows(LATE)
        return min((one.due_at for one in late), default=None)

    async def fire(self) -> None:
        async with self._database.sessions.begin() as session:
            store, barrier = _store(session), Barrier(())
            for key, late in store.items(LATE):
                if late.due_at <= datetime.now(UTC):
                    store.remove(LATE, key)
                    self._answer(session, store, barrier, late)
            await barrier.write(session)

    def _answer(self, session: AsyncSession, store: Store, barrier: Barrier, late: _Late) -> None:
        saga = late.received.saga
        if saga is not None:
            if store.get(STEPS, (saga.saga_id, saga.step, Direction.COMPENSATION.value)):
                return
            barrier.record(saga, late.reply)
        assert self.outbox is not None, "what is late was asked for before"
        _send(session, self.outbox, late.received, late.reply, Outcome.of(late.reply))


class _Answering:
    """Gives the answers; the processor of the participant's commands."""

    def __init__(self, answers: Mapping[str, Answers], outbox: Outbox, late: _LateAnswers) -> None:
        self._answers, self._outbox = answers, outbox
        self._calls: Counter[str] = Counter()
        late.outbox = outbox

    def read(self, received: ReceivedMessage) -> Message:
        answers = self._answers.get(received.wire_type)
        if answers is None:
            raise UnknownTypeError(
                f"the participant was not told about {received.wire_type}: say `.on(…)`"
            )
        return answers.command.from_body(received.body)

    async def process(self, session: AsyncSession, deliveries: Any) -> None:
        barrier = Barrier(step for delivery in deliveries for step in delivery.earlier)
        for delivery in deliveries:
            self._take(session, delivery, barrier)
        await barrier.write(session)

    def _take(self, session: AsyncSession, delivery: Delivery, barrier: Barrier) -> None:
        received, saga = delivery.received, delivery.received.saga
        recorded = barrier.answer(saga) if saga else None
        if recorded is not None:
            if recorded.outcome is not None:
                _send(session, self._outbox, received, recorded, recorded.outcome)
            return
        store = _store(session)
        answer = self._next(received.wire_type)
        if answer.fails:
            raise ParticipantFailedError(f"told to fail over {received.wire_type}")
        if answer.reply is None:
            return
        reply = answer.reply(delivery.message)
        if answer.after:
            key = (saga.saga_id, saga.step, saga.direction) if saga else received.message_id
            store.put(LATE, key, _Late(datetime.now(UTC) + answer.after, received, reply))
            return
        if saga:
            barrier.record(saga, reply)
        _send(session, self._outbox, received, reply, Outcome.of(reply))

    def _next(self, wire_type: str) -> Answer:
        """Counted when tried, and not when committed: a failure is a call as well."""
        self._calls[wire_type] += 1
        return self._answers[wire_type].at(self._calls[wire_type] - 1)


def _send(
    session: AsyncSession,
    outbox: Outbox,
    received: ReceivedMessage,
    reply: Encodable,
    outcome: Outcome,
) -> None:
    if received.reply_to is None:
        return
    outbox.add(
        session,
        OutgoingMessage(
            message=reply,
            key=str(received.saga.saga_id) if received.saga else received.correlation_id,
            correlation_id=received.correlation_id,
            causation_id=received.message_id,
            saga=received.saga,
            reply_to=received.reply_to,
            outcome=outcome,
        ),
    )


def _store(session: AsyncSession) -> Store:
    sync_session = session.sync_session
    assert isinstance(sync_session, TwinSyncSession), "participants are made up among twins"
    sync_session.store.enter(sync_session)
    return sync_session.store


def _maker(reply: Reply | MakeReply) -> MakeReply:
    if isinstance(reply, Reply):
        made = reply
        return lambda _command: made
    return reply
