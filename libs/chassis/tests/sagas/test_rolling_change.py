"""A saga gets a step more while two hundred are in flight, on the real NATS server and PostgreSQL.

Commands stay in the outbox until the participants, who are this test, answer them on the stream.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from nats.js import JetStreamContext

from chassis.consumers.broker import MessageBroker
from chassis.consumers.policy import RetryPolicy
from chassis.messaging.contracts import Command, Reply
from chassis.messaging.envelope import Outcome, OutgoingMessage, ReceivedMessage
from chassis.messaging.provisioner import provision
from chassis.messaging.topology import Consumer, ServiceTopology, Stream, replies
from chassis.persistence.database import fetch_all
from chassis.sagas import Saga, SagaTimers, command, minutes
from chassis.sagas.steps import CommandStep
from chassis.tasks import end
from chassis.testing.outbox import read_header_block
from devkit.eventually import eventually

pytestmark = pytest.mark.real

OLD, NEW = 200, 50
REPLIES = replies("trip")
CONSUMER = Consumer(service="trip-service", channel=REPLIES)
TOPOLOGY = ServiceTopology(
    service="trip-service",
    context="trip",
    streams=(Stream(channel=REPLIES),),
    consumers=(CONSUMER,),
)
SOON = RetryPolicy(unknown_type_delay=timedelta(seconds=0.5))


class BuyInsurance(Command, type="card.BuyInsurance.v1", key="trip_id"):
    trip_id: str


def two_versions(trip: SimpleNamespace) -> tuple[Any, Any]:
    """The trip saga, and with one more step before the card is charged; neither is in a hurry."""

    def buy_insurance(data: Any) -> Any:
        return BuyInsurance(trip_id=data.trip_id)

    buy_insurance.__annotations__["return"] = BuyInsurance
    patient = [
        replace(step, timeout=minutes(10)) if isinstance(step, CommandStep) else step
        for step in trip.TripSaga.steps
    ]

    class PlainTripSaga(Saga[trip.TripData], type="Trip", version=1):
        steps = tuple(patient)

    class InsuredTripSaga(Saga[trip.TripData], type="Trip", version=2):
        steps = (*patient[:3], command(buy_insurance, timeout=minutes(10)), *patient[3:])

    return PlainTripSaga, InsuredTripSaga


@dataclass
class Fleet:
    """Replicas of one service, and the participants of its sagas."""

    bench: Any
    trip: SimpleNamespace
    nats_url: str
    jetstream: JetStreamContext

    @asynccontextmanager
    async def replica(self, *sagas: Any) -> AsyncIterator[Any]:
        """As a process has it: an orchestrator that reads replies and fires timers."""
        orchestrator = self.bench.new_orchestrator(*sagas)
        broker = MessageBroker(self.nats_url, service="trip-service", database=self.bench.database)
        broker.consume(CONSUMER, orchestrator, SOON)
        async with running(SagaTimers(self.bench.database, orchestrator).run):
            await broker.start()
            try:
                yield orchestrator
            finally:
                await broker.stop()

    async def start(self, orchestrator: Any, saga: Any, names: list[str]) -> None:
        self.bench.orchestrator = orchestrator
        for name in names:
            await self.bench.start(name, saga)

    async def answer(self) -> int:
        """Answer everything that was sent so far; says how much that was."""
        async with self.bench.database.sessions.begin() as session:
            rows = await fetch_all(session, "DELETE FROM outbox RETURNING headers, body")
        sent = [ReceivedMessage.read(read_header_block(row.headers), row.body) for row in rows]
        await asyncio.gather(*(self._answer(one) for one in sent))
        return len(sent)

    async def _answer(self, sent: ReceivedMessage) -> None:
        assert sent.saga is not None
        reply: Reply = self.trip.Done()
        if sent.wire_type == "flight.BookFlight.v1":
            reply = self.trip.FlightBooked(seat="7A")
        outgoing = OutgoingMessage(
            message=reply,
            key=str(sent.saga.saga_id),
            correlation_id=sent.correlation_id,
            causation_id=sent.message_id,
            saga=sent.saga,
            outcome=Outcome.of(reply),
        )
        subject = REPLIES.subject(reply.wire_type, outgoing.key)
        headers = dict(outgoing.headers("participants"))
        await self.jetstream.publish(subject, reply.to_body(), headers=headers)

    async def at(self) -> Counter[tuple[int, str | None]]:
        """How many sagas wait for which step, by version."""
        rows = await self.bench.rows(
            "SELECT definition_version, step, count(*) FROM saga_instances GROUP BY 1, 2"
        )
        return Counter({(version, step): number for version, step, number in rows})

    def all_at(self, expected: dict[tuple[int, str | None], int]) -> Callable[[], Any]:
        async def probe() -> bool:
            assert await self.at() == expected
            return True

        return probe

    async def waiting(self) -> list[tuple[str, int]]:
        rows = await self.bench.rows("SELECT reason, count(*) FROM deferred_messages GROUP BY 1")
        return [tuple(row) for row in rows]

    async def went(self) -> Counter[tuple[int, str, tuple[str, ...]]]:
        """Which commands the sagas sent in their order, by version and state."""
        rows = await self.bench.rows(
            "SELECT definition_version, state, array_agg(sent.step ORDER BY id) "
            "FROM saga_instances JOIN (SELECT id, saga_id, step FROM saga_log WHERE kind IN "
            "('command', 'retry')) AS sent USING (saga_id) "
            "GROUP BY saga_id, definition_version, state"
        )
        return Counter((version, state, tuple(steps)) for version, state, steps in rows)


@asynccontextmanager
async def running(run: Callable[[], Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    task = asyncio.create_task(run())
    try:
        yield
    finally:
        await end(task)


@pytest.fixture
async def fleet(
    bench: Any, trip: SimpleNamespace, nats_url: str, jetstream: JetStreamContext
) -> Fleet:
    await provision(jetstream, [TOPOLOGY])
    return Fleet(bench, trip, nats_url, jetstream)


async def test_sagas_in_flight_end_on_the_version_that_they_began_with(
    fleet: Fleet, trip: SimpleNamespace
) -> None:
    plain, insured = two_versions(trip)
    async with AsyncExitStack() as later, AsyncExitStack() as earlier:
        old = await earlier.enter_async_context(fleet.replica(plain))
        await fleet.start(old, plain, [f"old-{n}" for n in range(OLD)])
        # a replica of the new release has begun sagas, and only the old one hears of them
        starter = fleet.bench.new_orchestrator(plain, insured)
        await fleet.start(starter, insured, [f"new-{n}" for n in range(NEW)])
        assert await fleet.answer() == OLD + NEW

        await eventually(fleet.all_at({(1, "book_car"): OLD, (2, "book_flight"): NEW}), within=60)
        await eventually(_is(fleet.waiting, [("unknown-type", NEW)]), within=60)

        new = await later.enter_async_context(fleet.replica(plain, insured))
        await eventually(fleet.all_at({(1, "book_car"): OLD, (2, "book_car"): NEW}), within=60)
        await fleet.start(new, insured, [f"newer-{n}" for n in range(NEW)])
        await fleet.answer()
        expected = {(1, "charge_card"): OLD, (2, "buy_insurance"): NEW, (2, "book_car"): NEW}
        await eventually(fleet.all_at(expected), within=60)

        await earlier.aclose()  # the last replica of the old release is gone
        await eventually(_all_ended(fleet), within=60)

    before, after = ("book_flight", "book_car"), ("charge_card", "send_ticket")
    assert await fleet.went() == {
        (1, "COMPLETED", (*before, *after)): OLD,
        (2, "COMPLETED", (*before, "buy_insurance", *after)): 2 * NEW,
    }
    rows = fleet.bench.rows
    assert await rows("SELECT state, count(*) FROM trips GROUP BY 1") == [("CLOSED", OLD + 2 * NEW)]
    assert await rows("SELECT * FROM dead_letters") == []
    assert await fleet.waiting() == []


def _is(probe: Callable[[], Coroutine[Any, Any, Any]], expected: Any) -> Callable[[], Any]:
    async def matches() -> bool:
        assert await probe() == expected
        return True

    return matches


def _all_ended(fleet: Fleet) -> Callable[[], Any]:
    async def ended() -> bool:
        await fleet.answer()
        return set(await fleet.at()) == {(1, None), (2, None)}

    return ended
