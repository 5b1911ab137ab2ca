"""The demonstration: the platform at work, and proof that its sums agree."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from devkit.books import read_books
from devkit.carrier import Carrier
from devkit.clients import Clients, clients_of
from devkit.concurrency import task_group
from devkit.message_counts import read_message_counts
from devkit.models import APPROVED, Order, OrderState
from devkit.outcome import Outcome, judge
from devkit.pace import all_ended, in_flight
from devkit.placing import cancel_if_approved, load, place
from devkit.platform import Platform
from devkit.progress import Stages
from devkit.scenario import PlannedOrder, Scenario
from devkit.stories import Story

_SETTLING_SECONDS = 120.0
_SECONDS_PER_ORDER = 0.05
_REQUESTS_AT_ONCE = 32
_TIME_TO_CANCEL_SECONDS = 6.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Demonstration:
    """``stories`` are the saga of an order that was `approved` and of one that was `compensated`,
    of each the newest.
    """

    scenario: Scenario
    outcome: Outcome
    stories: Mapping[str, Story]


def carrier_for(scenario: Scenario) -> Carrier:
    """A carrier that comes late enough for the scenario's cancellations, each made in time."""
    cancels = any(order.cancelled for order in scenario.orders)
    return Carrier(
        pickup_seconds=_TIME_TO_CANCEL_SECONDS if cancels else 0.5,
        transit_seconds=0.5,
        failure_percent=10,
    )


async def demonstrate(
    scenario: Scenario,
    platform: Platform,
    *,
    carrier: Carrier,
    rate: float | None,
    in_order: bool,
    stages: Stages,
) -> Demonstration:
    """Run the scenario on a platform without orders, which works with the carrier.

    ``in_order``: each order is accepted before the next one is sent.
    """
    async with clients_of(platform.addresses) as clients:
        ids = await _run(scenario, clients, rate, 1 if in_order else _REQUESTS_AT_ONCE, stages)
        outcome = judge(
            await read_books(clients),
            accepted=ids.values(),
            stock=scenario.stock,
            messages=await read_message_counts(platform.addresses),
            carrier=carrier,
            still_moving=await in_flight(clients),
        )
        telling = _telling(outcome.orders)
        stories = {name: await _story(order, clients) for name, order in telling.items()}
    return Demonstration(scenario=scenario, outcome=outcome, stories=stories)


async def _run(
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
    patience = _SETTLING_SECONDS + len(ids) * _SECONDS_PER_ORDER
    with stages.stage("waiting until none is in flight") as waiting:
        await all_ended(clients, within=patience, observe=waiting.show)
    return ids


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
