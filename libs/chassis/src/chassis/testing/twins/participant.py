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
from chassis.consumers.handlers import HandlerProcessor, handle
from chassis.consumers.late import AnswerLater, LateAnswers, answer, answer_later, reply_token
from chassis.consumers.processor import Delivery
from chassis.messaging.contracts import Command, Reply
from chassis.messaging.envelope import Direction
from chassis.messaging.topology import Consumer, ServiceTopology, Stream, commands
from chassis.outbox.outbox import Outbox
from chassis.persistence.database import Database
from chassis.testing.twins.database import TwinDatabase
from chassis.testing.twins.service import Parts, ServiceTwin
from chassis.testing.twins.session import TwinSyncSession
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

    @property
    def is_silent(self) -> bool:
        return self.reply is None and not self.fails


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
        """Answer later; a compensation that comes meanwhile is handled, and makes this void."""
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
        for planned, _ in zip(self._all(), range(call + 1), strict=False):
            last = planned
        return last

    def _plan(self, answer: Answer, times: int | None) -> Self:
        self.planned.append((answer, times))
        return self

    def _all(self) -> Iterator[Answer]:
        return chain.from_iterable(
            repeat(one) if times is None else repeat(one, times) for one, times in self.planned
        )


@dataclass(frozen=True, kw_only=True)
class Participant(ServiceTwin):
    """A made-up service that takes the commands of a context; see `participant`.

    Inbox and barrier stand before its answers, as in a service of the chassis: a repeated command
    gets the reply that it had.
    """

    answers: dict[str, Answers]

    def on(self, command: type[Command]) -> Answers:
        """Say what this command gets, before the platform is made.

        Of what nothing is said that is not understood: it waits.
        """
        return self.answers.setdefault(command.wire_type, Answers(command))


def participant(context: str) -> Participant:
    """A made-up service of this name for the commands of a context of the same name."""
    answers: dict[str, Answers] = {}
    consumer = Consumer(service=f"{context}-service", channel=commands(context))

    def parts(database: Database) -> Parts:
        assert isinstance(database, TwinDatabase), "participants are made up among twins"
        return Parts(
            processors={consumer.name: lambda outbox: _Answering(answers, outbox)},
            timers=(_LateAnswers(database),),
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
    token: str
    reply: Reply


class _LateAnswers:
    """The answers that are still to come, in the participant's database."""

    def __init__(self, database: TwinDatabase) -> None:
        self._database = database

    def next_due(self) -> datetime | None:
        late: list[_Late] = self._database.store.rows(LATE)
        return min((one.due_at for one in late), default=None)

    async def fire(self) -> None:
        async with self._database.sessions.begin() as session:
            store = _store(session)
            for key, late in store.items(LATE):
                if late.due_at <= datetime.now(UTC):
                    store.remove(LATE, key)
                    await answer(session, late.token, late.reply)


class _Answering(HandlerProcessor):
    """A processor of commands whose handlers say what was planned, or nothing at all."""

    def __init__(self, answers: Mapping[str, Answers], outbox: Outbox) -> None:
        super().__init__([handle(one.command, self._say) for one in answers.values()], outbox)
        self._answers = answers
        self._calls: Counter[str] = Counter()

    async def _handle(
        self, session: AsyncSession, delivery: Delivery, barrier: Barrier, late: LateAnswers
    ) -> None:
        wire_type = delivery.received.wire_type
        if self._next(wire_type).is_silent and not _is_recorded(delivery):
            self._calls[wire_type] += 1
        else:
            await super()._handle(session, delivery, barrier, late)

    async def _say(self, command: Command, session: AsyncSession) -> Reply | AnswerLater:
        planned = self._next(command.wire_type)
        self._calls[command.wire_type] += 1  # a failure, which is rolled back, is a call as well
        if planned.reply is None:
            raise ParticipantFailedError(f"told to fail over {command.wire_type}")
        reply = planned.reply(command)
        if not planned.after:
            return reply
        late = _Late(datetime.now(UTC) + planned.after, reply_token(session), reply)
        _store(session).put(LATE, late.token, late)
        return answer_later()

    def _next(self, wire_type: str) -> Answer:
        answers = self._answers.get(wire_type)
        return Answer() if answers is None else answers.at(self._calls[wire_type])


def _is_recorded(delivery: Delivery) -> bool:
    saga = delivery.received.saga
    return saga is not None and any(
        step.direction in (saga.direction, Direction.COMPENSATION) and step.is_final
        for step in delivery.earlier
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
