"""A release as its customers see it: what they ordered, and whether all came to a good end."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from uuid import UUID

from devkit.books import Books, read_books
from devkit.carrier import Carrier
from devkit.clients import Clients
from devkit.concurrency import for_each, task_group
from devkit.findings import Findings, applied_twice, late, lost, stuck
from devkit.history_check import history_disagreements
from devkit.listening import Listener
from devkit.models import OpenFlow, Order, SagaHistory
from devkit.pace import all_ended
from devkit.placing import cancel_if_approved, load, place
from devkit.progress import Stage
from devkit.scenario import PlannedOrder, Scenario
from devkit.sums import disagreements

_ENDING_SECONDS = 300.0
_HISTORY_SECONDS = 60.0
_REQUESTS_AT_ONCE = 16

# Late enough for cancellations, which wait for a decision and go through port-forwards
CARRIER = Carrier(pickup_seconds=8, transit_seconds=0.5, failure_percent=10)


class Shop:
    """Places the scenario's orders a portion at a time, and looks at the books of all of them."""

    def __init__(self, scenario: Scenario, clients: Clients, listener: Listener) -> None:
        self.scenario = scenario
        self.clients = clients
        self.accepted: dict[str, UUID] = {}
        self._listener = listener
        self._left = list(scenario.orders)
        self._strangers: frozenset[UUID] = frozenset()

    async def open(self) -> None:
        """Register customers and stock. Orders that are there already are nobody's business."""
        known = [order.order_id async for order in self.clients.orders.orders()]
        self._strangers = frozenset(known)
        await load(self.scenario, self.clients)

    async def order(
        self, count: int, *, rate: float | None = None, stage: Stage | None = None
    ) -> Mapping[str, UUID]:
        """Place the next ``count`` orders, cancelling those that are to be; their ids by key."""
        portion, self._left = tuple(self._left[:count]), self._left[count:]
        async with task_group() as beside:

            def then(planned: PlannedOrder, order_id: UUID) -> None:
                if stage is not None:
                    stage.advance()
                self.accepted[planned.key] = order_id
                if planned.cancelled:
                    beside.create_task(cancel_if_approved(order_id, self.clients))

            return await place(
                portion, self.clients, rate=rate, at_once=_REQUESTS_AT_ONCE, then=then
            )

    async def settle(self, stage: Stage | None = None) -> None:
        """Wait until nothing moves, or for as long as that may take: ``findings`` tell."""
        observe = _unseen if stage is None else stage.show
        await all_ended(self.clients, within=_ENDING_SECONDS, observe=observe)

    async def books(self) -> Books:
        """Of the scenario's orders, customers and products."""
        return ours(await read_books(self.clients), self.scenario, strangers=self._strangers)

    async def findings(self, *, kills: int) -> Findings:
        """What must not be, among all orders so far; once nothing moves any more."""
        books = await self.books()
        assert self.clients.history is not None
        remembered = await history_disagreements(
            self.clients.history, books, within=_HISTORY_SECONDS
        )
        return Findings(
            kills=kills,
            lost=tuple(lost(books, self.accepted.values())),
            applied_twice=tuple(applied_twice(books, self.accepted)),
            out_of_order=tuple(late(await self._listener.late_messages())),
            stuck=tuple(
                stuck(
                    await self._histories(books.orders),
                    books.shipments,
                    await self._flows(books.orders),
                )
            ),
            disagreements=(*disagreements(books, stock=self.scenario.stock), *remembered),
        )

    async def _flows(self, orders: Iterable[Order]) -> list[OpenFlow]:
        keys = {str(order.order_id) for order in orders}
        return [flow for flow in await self.clients.orders.open_flows() if flow.key in keys]

    async def _histories(self, orders: Iterable[Order]) -> list[SagaHistory]:
        async def of(order: Order) -> list[SagaHistory]:
            return await self.clients.orders.sagas(order.order_id)

        found = await for_each(orders, of, at_once=_REQUESTS_AT_ONCE)
        return [history for histories in found for history in histories]


def ours(books: Books, scenario: Scenario, *, strangers: Iterable[UUID]) -> Books:
    """The books without what is not of this scenario."""
    others = set(strangers)
    customers = {planned.customer_id for planned in scenario.customers}
    return replace(
        books,
        orders=tuple(order for order in books.orders if order.order_id not in others),
        accounts=tuple(a for a in books.accounts if a.customer.customer_id in customers),
        stocks=tuple(s for s in books.stocks if s.product.product_id in scenario.stock),
        shipments=tuple(s for s in books.shipments if s.order_id not in others),
    )


def _unseen(_waiting: int) -> None:
    pass
