"""Loading a scenario into a platform, and placing its orders."""

import asyncio
from collections.abc import Callable, Mapping
from uuid import UUID

from devkit.clients import Clients
from devkit.concurrency import for_each
from devkit.models import OrderState
from devkit.pace import pace
from devkit.scenario import PlannedCustomer, PlannedOrder, PlannedProduct, Scenario

_LOADS_AT_ONCE = 16
_LOOK_SECONDS = 0.2


class RepeatedOrderError(RuntimeError):
    """The same idempotency key gave another order."""


async def load(scenario: Scenario, clients: Clients) -> None:
    """Register the scenario's customers and stock."""

    async def customer(planned: PlannedCustomer) -> None:
        await clients.customers.put(
            planned.customer_id,
            name=planned.name,
            country=planned.country,
            limit=planned.credit_limit,
        )

    async def product(planned: PlannedProduct) -> None:
        await clients.inventory.put(planned.product_id, name=planned.name, on_hand=planned.on_hand)

    await for_each(scenario.customers, customer, at_once=_LOADS_AT_ONCE)
    await for_each(scenario.products, product, at_once=_LOADS_AT_ONCE)


async def place(
    orders: tuple[PlannedOrder, ...],
    clients: Clients,
    *,
    rate: float | None,
    at_once: int,
    then: Callable[[PlannedOrder, UUID], object],
) -> Mapping[str, UUID]:
    """Place orders in their order and return their ids by idempotency key.

    ``rate`` is in orders a second; without it, as fast as the sagas keep up. ``at_once`` bounds the
    requests under way: with 1, an order is accepted before the next one is sent. ``then`` is
    called after each. Raises RepeatedOrderError.
    """
    turn = pace(clients, rate)

    async def one(planned: PlannedOrder) -> tuple[str, UUID]:
        await turn()
        order_id = await _place(planned, clients)
        then(planned, order_id)
        return planned.key, order_id

    return dict(await for_each(orders, one, at_once=at_once))


async def cancel_if_approved(order_id: UUID, clients: Clients) -> None:
    """Wait until an order is decided, and cancel it where it is approved."""
    order = await clients.orders.order(order_id)
    while order.state is OrderState.PENDING:
        await asyncio.sleep(_LOOK_SECONDS)
        order = await clients.orders.order(order_id)
    if order.state is OrderState.APPROVED:
        await clients.orders.cancel(order_id)


async def _place(planned: PlannedOrder, clients: Clients) -> UUID:
    ids = {
        await clients.entrance.place(
            key=planned.key, customer_id=planned.customer_id, lines=planned.lines
        )
        for _ in range(2 if planned.repeated else 1)
    }
    if len(ids) > 1:
        raise RepeatedOrderError(f"the key {planned.key} gave the orders {sorted(ids)}")
    return ids.pop()
