"""The demonstration: the platform at work, and proof that its sums agree."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from devkit.books import read_books
from devkit.carrier import Carrier
from devkit.clients import Clients, clients_of
from devkit.concurrency import task_group
from devkit.deployables import SHIPPING_SERVICE
from devkit.message_counts import read_message_counts
from devkit.models import APPROVED, Order, OrderState
from devkit.outcome import Outcome, judge
from devkit.pace import all_decided, all_ended, in_flight
from devkit.placing import cancel_if_approved, load, place
from devkit.platform import Platform
from devkit.progress import Stages
from devkit.quiet import all_quiet
from devkit.remembered import Remembered, read_history
from devkit.saga_counts import SagaCounts, read_saga_counts
from devkit.scenario import PlannedOrder, Scenario
from devkit.stories import Story

_SETTLING_SECONDS = 120.0
_SECONDS_PER_ORDER = 0.05
_HISTORY_SECONDS = 60.0
_TOKEN_SECONDS = 24 * 60 * 60
_REQUESTS_AT_ONCE = 32

CARRIER = Carrier(pickup_seconds=0.5, transit_seconds=0.5, failure_percent=10)
LATE = (SHIPPING_SERVICE,)
"""Events wait for it: until all orders are decided, none is picked up that will be cancelled, and
none gives back what another is rejected for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Demonstration:
    """``stories`` are the saga of an order that was `approved` and of one that was `compensated`,
    of each the newest.
    """

    scenario: Scenario
    outcome: Outcome
    sagas: SagaCounts
    history: Remembered
    stories: Mapping[str, Story]


async def demonstrate(
    scenario: Scenario,
    platform: Platform,
    *,
    rate: float | None,
    in_order: bool,
    stages: Stages,
) -> Demonstration:
    """Run the scenario on a platform without orders, on which the LATE wait for their start.

    ``in_order``: each order is accepted before the next one is sent.
    """
    token = platform.issuer.token("demo", scopes=["staff"], seconds=_TOKEN_SECONDS)
    async with clients_of(platform.addresses, token=token) as clients:
        at_once = 1 if in_order else _REQUESTS_AT_ONCE
        ids = await _order(scenario, clients, rate, at_once, stages)
        await _fulfil(ids, clients, platform, stages)
        sagas = await read_saga_counts(platform.addresses)
        outcome = judge(
            await read_books(clients),
            accepted=ids.values(),
            stock=scenario.stock,
            messages=await read_message_counts(platform.addresses),
            carrier=CARRIER,
            still_moving=await in_flight(clients) + sagas.in_flight,
        )
        with stages.stage("asking the history"):
            history = await _history(clients, len(outcome.orders))
        telling = _telling(outcome.orders)
        stories = {name: await _story(order, clients) for name, order in telling.items()}
    return Demonstration(
        scenario=scenario, outcome=outcome, sagas=sagas, history=history, stories=stories
    )


async def _order(
    scenario: Scenario, clients: Clients, rate: float | None, at_once: int, stages: Stages
) -> Mapping[str, UUID]:
    with stages.stage("loading customers and stock"):
        await load(scenario, clients)
    async with task_group() as beside:

        def then(planned: PlannedOrder, order_id: UUID) -> None:
            placing.advance()
            if planned.cancelled:
                beside.create_task(cancel_if_approved(order_id, clients))

        with stages.stage("placing orders, cancelling some", total=len(scenario.orders)) as placing:
            ids = await place(scenario.orders, clients, rate=rate, at_once=at_once, then=then)
    with stages.stage("waiting until all are decided") as waiting:
        await all_decided(clients, within=_patience(ids), observe=waiting.show)
    return ids


async def _fulfil(
    ids: Mapping[str, UUID], clients: Clients, platform: Platform, stages: Stages
) -> None:
    with stages.stage("starting shipping-service, for which events have waited"):
        await platform.start_late()
    with stages.stage("waiting until none is in flight") as waiting:
        await all_ended(clients, within=_patience(ids), observe=waiting.show)
    with stages.stage("waiting until all is handled and all sagas have ended") as waiting:
        await all_quiet(platform.addresses, within=_SETTLING_SECONDS, observe=waiting.show)


async def _history(clients: Clients, orders: int) -> Remembered:
    assert clients.gateway is not None
    return await read_history(clients.gateway, orders=orders, within=_HISTORY_SECONDS)


def _patience(ids: Mapping[str, UUID]) -> float:
    return _SETTLING_SECONDS + len(ids) * _SECONDS_PER_ORDER


def _telling(orders: tuple[Order, ...]) -> dict[str, Order]:
    """An approved order, and one whose saga had something to undo: the newest of their kind."""
    approved = [order for order in orders if order.state in APPROVED]
    approved.sort(key=lambda order: order.state is OrderState.DELIVERED)
    rejected = [order for order in orders if order.state is OrderState.REJECTED]
    # without stock the credit had been reserved already: more to undo than for other reasons
    rejected.sort(key=lambda order: order.rejection_reason == "OUT_OF_STOCK")
    found = {"approved": approved, "compensated": rejected}
    return {name: orders[-1] for name, orders in found.items() if orders}


async def _story(order: Order, clients: Clients) -> Story:
    return Story(order=order, saga=(await clients.orders.sagas(order.order_id))[0])
