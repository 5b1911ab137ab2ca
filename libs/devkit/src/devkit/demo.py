"""The demonstration: the platform at work, and proof that its sums agree."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from devkit.books import read_books
from devkit.clients import Clients, clients_of
from devkit.concurrency import for_each
from devkit.message_counts import read_message_counts
from devkit.models import Order, OrderState, SagaHistory
from devkit.outcome import Outcome, judge
from devkit.pace import all_decided
from devkit.placing import cancel_if_approved, load, place
from devkit.platform import Platform
from devkit.progress import Stages
from devkit.scenario import Scenario

_SETTLING_SECONDS = 120.0
_SECONDS_PER_ORDER = 0.05
_REQUESTS_AT_ONCE = 32


@dataclass(frozen=True, kw_only=True, slots=True)
class Demonstration:
    """``stories`` are the sagas of one order that went well and of one that had to be undone."""

    scenario: Scenario
    outcome: Outcome
    stories: tuple[tuple[Order, SagaHistory], ...]


async def demonstrate(
    scenario: Scenario, platform: Platform, *, rate: float | None, in_order: bool, stages: Stages
) -> Demonstration:
    """Run the scenario on a platform without orders.

    ``in_order``: each order is accepted before the next one is sent.
    """
    async with clients_of(platform.addresses) as clients:
        ids = await _run(scenario, clients, rate, 1 if in_order else _REQUESTS_AT_ONCE, stages)
        outcome = judge(
            await read_books(clients),
            accepted=ids.values(),
            stock=scenario.stock,
            messages=await read_message_counts(platform.addresses),
        )
        stories = [await _story(order, clients) for order in _telling(outcome.orders)]
    return Demonstration(scenario=scenario, outcome=outcome, stories=tuple(stories))


async def _run(
    scenario: Scenario, clients: Clients, rate: float | None, at_once: int, stages: Stages
) -> Mapping[str, UUID]:
    with stages.stage("loading customers and stock"):
        await load(scenario, clients)
    with stages.stage("placing orders", total=len(scenario.orders)) as placing:
        ids = await place(
            scenario.orders,
            clients,
            rate=rate,
            at_once=at_once,
            then=lambda _planned, _order_id: placing.advance(),
        )
    await _settle(len(ids), clients, stages)
    to_cancel = [ids[order.key] for order in scenario.orders if order.cancelled]
    if to_cancel:
        await _cancel(to_cancel, clients, stages)
        await _settle(len(to_cancel), clients, stages)
    return ids


async def _cancel(order_ids: list[UUID], clients: Clients, stages: Stages) -> None:
    with stages.stage("cancelling some", total=len(order_ids)) as cancelling:

        async def one(order_id: UUID) -> None:
            await cancel_if_approved(order_id, clients)
            cancelling.advance()

        await for_each(order_ids, one, at_once=_REQUESTS_AT_ONCE)


async def _settle(orders: int, clients: Clients, stages: Stages) -> None:
    patience = _SETTLING_SECONDS + orders * _SECONDS_PER_ORDER
    with stages.stage("waiting until none is in flight") as waiting:
        await all_decided(clients, within=patience, observe=waiting.show)


def _telling(orders: tuple[Order, ...]) -> list[Order]:
    """One approved order, and one whose saga had something to undo."""
    approved = [order for order in orders if order.state is OrderState.APPROVED]
    rejected = [order for order in orders if order.state is OrderState.REJECTED]
    # without stock the credit had been reserved already: more to undo than for other reasons
    rejected.sort(key=lambda order: order.rejection_reason != "OUT_OF_STOCK")
    return approved[:1] + rejected[:1]


async def _story(order: Order, clients: Clients) -> tuple[Order, SagaHistory]:
    return order, (await clients.orders.sagas(order.order_id))[0]
