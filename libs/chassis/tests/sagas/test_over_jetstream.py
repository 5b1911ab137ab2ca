"""Groups and sub-sagas with real messages: a relay, JetStream, and participants that answer."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from nats.aio.client import Client
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.consumers.handlers import HandlerProcessor, handle
from chassis.consumers.policy import RetryPolicy
from chassis.consumers.processor import Processor
from chassis.consumers.runtime import ConsumerRuntime
from chassis.messaging.provisioner import provision
from chassis.messaging.topology import Consumer, ServiceTopology, Stream, commands, replies
from chassis.outbox.outbox import Outbox
from chassis.outbox.poke import no_poke
from chassis.relay.composition import composed_relay
from chassis.relay.settings import RelaySettings
from chassis.sagas import SagaHistory, SagaState, saga_history
from devkit.eventually import eventually

pytestmark = pytest.mark.real

CONTEXTS = ("flight", "car", "border", "card")
TRAVEL = ServiceTopology(
    service="travel-service",
    context="travel",
    streams=(
        *(Stream(channel=commands(context, 1)) for context in CONTEXTS),
        Stream(channel=replies("trip", 1)),
    ),
    consumers=(
        *(Consumer(service="travel-service", channel=commands(c, 1)) for c in CONTEXTS),
        Consumer(service="travel-service", channel=replies("trip", 1)),
    ),
    sends_to=(*(commands(context, 1) for context in CONTEXTS), replies("trip", 1)),
)
NOBODY_WAITS = ("AnnounceTrip", "WithdrawTrip", "SendPostcard")


class Travel:
    """All participants in one service; they do what they are asked, but for what is `refused`."""

    def __init__(self, bench: Any, trip: SimpleNamespace) -> None:
        self.bench = bench
        self.asked: list[str] = []
        self.refused: Sequence[str] = ()
        self._trip = trip

    def processor(self, context: str) -> HandlerProcessor:
        declared = vars(self._trip).values()
        theirs = [one for one in declared if getattr(one, "context", None) == context]
        takers = [handle(one, self._take) for one in theirs if one.kind == "commands"]
        return HandlerProcessor(takers, self.bench.outbox)

    async def _take(self, message: Any, _session: AsyncSession) -> Any:
        name = type(message).__name__
        self.asked.append(name)
        if name in NOBODY_WAITS:
            return None
        return self._trip.Refused() if name in self.refused else self._trip.Done()

    async def ended(self) -> list[SagaHistory]:
        """The sagas about the trip, once all of them have ended."""

        async def all_ended() -> list[SagaHistory] | None:
            async with self.bench.database.sessions() as session:
                found = await saga_history(session, "t-1")
            return found if found and all(one.state.is_ended for one in found) else None

        return await eventually(all_ended, within=60) or []


@pytest.fixture
async def travel(
    bench: Any, trip: SimpleNamespace, database: Any, nats_client: Client, nats_url: str
) -> AsyncIterator[Travel]:
    bench.outbox = Outbox(TRAVEL, no_poke)
    sagas = (trip.BookTogetherSaga, trip.PaidTripSaga, trip.PaymentSaga)
    bench.orchestrator = bench.new_orchestrator(*sagas)
    travel = Travel(bench, trip)
    await provision(nats_client.jetstream(), [TRAVEL])
    processors: list[Processor] = [*map(travel.processor, CONTEXTS), bench.orchestrator]
    consumers = [
        ConsumerRuntime(bench.database, nats_client, consumer, processor, RetryPolicy())
        for consumer, processor in zip(TRAVEL.consumers, processors, strict=True)
    ]
    settings = RelaySettings(
        service_name="travel-service",
        database_url=database.url,
        nats_url=nats_url,
        poke_port=None,
    )
    async with composed_relay(settings) as relay:
        relaying = asyncio.create_task(relay.run())
        await asyncio.gather(*(consumer.start() for consumer in consumers))
        try:
            yield travel
        finally:
            await asyncio.gather(*(consumer.stop() for consumer in consumers))
            relay.stop()
            await relaying


async def test_a_group_is_done_side_by_side_by_several_services(
    travel: Travel, trip: SimpleNamespace
) -> None:
    await travel.bench.start("t-1", saga=trip.BookTogetherSaga)

    [history] = await travel.ended()
    assert history.state is SagaState.COMPLETED
    assert sorted(travel.asked[:3]) == ["BookCar", "BookFlight", "CheckPassport"]
    assert travel.asked[3] == "ChargeCard"
    assert sorted(travel.asked[4:]) == ["SendTicket", "SendVoucher"]


async def test_a_group_is_undone_side_by_side_by_several_services(
    travel: Travel, trip: SimpleNamespace
) -> None:
    travel.refused = ("ChargeCard",)
    await travel.bench.start("t-1", saga=trip.BookTogetherSaga)

    [history] = await travel.ended()
    assert history.state is SagaState.COMPENSATED
    assert sorted(travel.asked[4:]) == ["CancelCar", "CancelFlight"]


async def test_a_sub_saga_and_its_parent_complete(travel: Travel, trip: SimpleNamespace) -> None:
    await travel.bench.start("t-1", saga=trip.PaidTripSaga)

    histories = await travel.ended()
    assert [history.state for history in histories] == [SagaState.COMPLETED] * 2
    asked = ["HoldAmount", "ChargeCard", "SendReceipt", "BookFlight"]
    assert [name for name in travel.asked if name not in NOBODY_WAITS] == asked
    await eventually(lambda: "SendPostcard" in travel.asked)


async def test_a_parent_that_is_refused_undoes_its_sub_saga_and_its_notification(
    travel: Travel, trip: SimpleNamespace
) -> None:
    travel.refused = ("BookFlight",)
    await travel.bench.start("t-1", saga=trip.PaidTripSaga)

    parent, child = await travel.ended()
    assert (parent.state, child.state) == ("COMPENSATED", "COMPLETED")
    await eventually(lambda: {"PayBack", "WithdrawTrip"} <= set(travel.asked))
