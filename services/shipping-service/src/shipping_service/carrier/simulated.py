"""A carrier that is simulated: its errands are rows, which it does when they fall due.

They survive restarts, and each is done by whichever process takes it first. A process sleeps until
the next time it knows of: it learns of errands that it is given itself at once, and of everybody's
at least every ten seconds.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.alarm import Alarm
from chassis.outbox.cause import cause_to_keep, caused_by
from chassis.persistence.after_commit import after_commit
from chassis.persistence.database import Database
from chassis.persistence.loading import load, preload
from chassis.telemetry.attempts import attempt
from shipping_service import use_cases
from shipping_service.carrier.behaviour import CarrierBehaviour
from shipping_service.carrier.errand import Errand, ErrandKind
from shipping_service.domain.shipment import Shipment
from shipping_service.persistence.errands import next_due, postpone, take_due

log = structlog.get_logger(__name__)

_BATCH = 250
_IDLE_POLL = timedelta(seconds=10)
_PAUSE = timedelta(milliseconds=100)
_PAUSE_AFTER_FAILURE = timedelta(seconds=1)
_POSTPONED_BY = timedelta(seconds=30)
_SHIPMENT = load(Shipment, by=lambda errand: errand.order_id)


class SimulatedCarrier:
    """The carrier; run one in each process."""

    def __init__(self, database: Database, behaviour: CarrierBehaviour) -> None:
        self._database = database
        self._behaviour = behaviour
        self._alarm = Alarm()

    def request_pickup(self, session: AsyncSession, order_id: UUID, *, at: datetime) -> None:
        self._ask(session, order_id, ErrandKind.PICKUP, at + self._behaviour.pickup)

    def hand_over(self, session: AsyncSession, order_id: UUID, *, at: datetime) -> None:
        self._ask(session, order_id, ErrandKind.DELIVERY, at + self._behaviour.transit)

    async def run(self) -> None:
        """Do errands until cancelled; a database that is away is waited for."""
        while True:
            try:
                look_again = await self._look()
            except Exception as error:  # noqa: BLE001 - the carrier outlives whatever the database does
                log.warning("the carrier cannot work", error=str(error)[:300])
                look_again = _now() + _PAUSE_AFTER_FAILURE
            await self._alarm.sleep(look_again)

    async def do_what_is_due(self) -> int:
        """Do the errands that are due, up to a batch; says how many were done.

        Those that fail are tried one by one, and postponed when they fail alone as well.
        """
        try:
            return await self._do(_BATCH)
        except Exception as error:  # noqa: BLE001 - whatever it is, each is tried alone
            log.info("errands are tried one by one", error=type(error).__name__)
        async with self._database.sessions() as session:
            due = [
                order_id for order_id, due_at in await next_due(session, _BATCH) if _past(due_at)
            ]
        return sum([await self._do_alone(order_id) for order_id in due])

    def _ask(
        self, session: AsyncSession, order_id: UUID, kind: ErrandKind, due_at: datetime
    ) -> None:
        cause = cause_to_keep(session)
        session.add(
            Errand(
                order_id=order_id,
                kind=kind,
                due_at=due_at,
                correlation_id=cause.correlation_id if cause else None,
                causation_id=cause.causation_id if cause else None,
                trace=cause.trace if cause else None,
            )
        )
        after_commit(session, lambda: self._alarm.set(due_at))

    async def _look(self) -> datetime:
        """Do what is due, and say when to look again."""
        async with self._database.sessions() as session:
            # one statement and no transaction around it: this is what an idle service costs
            await session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
            first = await next_due(session, 1)
        idle_until = _now() + _IDLE_POLL
        if not first:
            return idle_until
        _, due_at = first[0]
        if not _past(due_at):
            return min(due_at, idle_until)
        done = await self.do_what_is_due()
        # due and not done: it is in the hands of another process
        return _now() if done else _now() + _PAUSE

    async def _do(self, limit: int, order_id: UUID | None = None) -> int:
        with attempt():
            async with self._database.sessions.begin() as session:
                errands = await take_due(session, _now(), limit, order_id)
                await preload(session, [(_SHIPMENT, errand) for errand in errands])
                await self._answer_all(session, errands)
        return len(errands)

    async def _answer_all(self, session: AsyncSession, errands: Sequence[Errand]) -> None:
        for errand in errands:
            with caused_by(session, errand.cause):
                await self._answer(session, errand)

    async def _answer(self, session: AsyncSession, errand: Errand) -> None:
        if errand.kind is ErrandKind.PICKUP:
            await use_cases.schedule_shipment(session, errand.order_id)
        elif self._behaviour.fails(errand.order_id):
            await use_cases.fail_shipment(session, errand.order_id)
        else:
            await use_cases.deliver_shipment(session, errand.order_id)

    async def _do_alone(self, order_id: UUID) -> int:
        try:
            return await self._do(1, order_id)
        except Exception as error:  # noqa: BLE001 - the others must not wait for one that fails
            log.warning("errand postponed", order_id=str(order_id), error=str(error)[:300])
        async with self._database.sessions.begin() as session:
            await postpone(session, order_id, _now() + _POSTPONED_BY)
        return 0


def _now() -> datetime:
    return datetime.now(UTC)


def _past(due_at: datetime) -> bool:
    return due_at <= _now()
