"""Killing processes while orders run, then looking for what was lost or done twice."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from devkit.books import Books, read_books
from devkit.carrier import Carrier
from devkit.clients import Clients, clients_of
from devkit.concurrency import for_each, task_group
from devkit.deployables import SERVICES, relay_of, with_relay
from devkit.findings import Findings, applied_twice, late, lost, stuck
from devkit.history_check import history_disagreements
from devkit.killing import kill_at_random
from devkit.listening import Listener, listening
from devkit.models import Order, SagaHistory
from devkit.pace import all_ended
from devkit.placing import cancel_if_approved, load, place
from devkit.platform import NATS, POSTGRESQL, Platform
from devkit.progress import Stage, Stages
from devkit.scenario import PlannedOrder, Scenario
from devkit.sums import disagreements

_KILLS_A_SECOND = 0.7
_REQUESTS_AT_ONCE = 32
_ENDING_SECONDS = 180.0
_PATIENCE_SECONDS = 120.0
_HISTORY_SECONDS = 60.0

# An order may be cancelled before or after its goods have left: both happen
CARRIER = Carrier(pickup_seconds=0.5, transit_seconds=0.5, failure_percent=20)

VICTIMS = [*SERVICES, *(relay_of(one.name) for one in with_relay()), NATS, POSTGRESQL]


@dataclass(frozen=True, kw_only=True, slots=True)
class Chaos:
    """``kills`` are spread over the time in which the scenario's orders are placed."""

    kills: int
    seed: int

    @property
    def seconds(self) -> float:
        return max(self.kills, 1) / _KILLS_A_SECOND


async def wreak(
    chaos: Chaos, scenario: Scenario, platform: Platform, *, stages: Stages
) -> Findings:
    """Run the scenario on a platform without orders, killing as we go."""
    async with (
        clients_of(platform.addresses, patience=_PATIENCE_SECONDS) as clients,
        listening(platform.addresses.nats) as listener,
    ):
        with stages.stage("loading customers and stock"):
            await load(scenario, clients)
        accepted = await _run(chaos, scenario, platform, clients, stages)
        with stages.stage("waiting until none is in flight") as waiting:
            await all_ended(clients, within=_ENDING_SECONDS, observe=waiting.show)
        with stages.stage("reading the books"):
            return await _findings(chaos, scenario, accepted, clients, listener)


async def _run(
    chaos: Chaos, scenario: Scenario, platform: Platform, clients: Clients, stages: Stages
) -> Mapping[str, UUID]:
    async with task_group() as beside:

        def cancel_later(planned: PlannedOrder, order_id: UUID) -> None:
            if planned.cancelled:
                beside.create_task(cancel_if_approved(order_id, clients))

        with stages.stage("placing orders and killing", total=chaos.kills) as stage:
            beside.create_task(_kill(chaos, platform, stage))
            return await place(
                scenario.orders,
                clients,
                rate=len(scenario.orders) / chaos.seconds,
                at_once=_REQUESTS_AT_ONCE,
                then=cancel_later,
            )


async def _kill(chaos: Chaos, platform: Platform, stage: Stage) -> None:
    await kill_at_random(
        VICTIMS,
        platform.supervisor,
        kills=chaos.kills,
        seconds=chaos.seconds,
        chance=random.Random(chaos.seed),  # noqa: S311 -- repeatable, and no secret
        advance=stage.advance,
    )


async def _findings(
    chaos: Chaos,
    scenario: Scenario,
    accepted: Mapping[str, UUID],
    clients: Clients,
    listener: Listener,
) -> Findings:
    books = await read_books(clients)
    assert clients.history is not None
    remembered = await history_disagreements(clients.history, books, within=_HISTORY_SECONDS)
    return Findings(
        kills=chaos.kills,
        lost=tuple(lost(books, accepted.values())),
        applied_twice=tuple(applied_twice(books, accepted)),
        out_of_order=tuple(late(await listener.late_messages())),
        stuck=tuple(
            stuck(
                await _histories(books, clients), books.shipments, await clients.orders.open_flows()
            )
        ),
        disagreements=(*disagreements(books, stock=scenario.stock), *remembered),
    )


async def _histories(books: Books, clients: Clients) -> list[SagaHistory]:
    async def of(order: Order) -> list[SagaHistory]:
        return await clients.orders.sagas(order.order_id)

    found = await for_each(books.orders, of, at_once=_REQUESTS_AT_ONCE)
    return [history for histories in found for history in histories]
