"""The platform's services as twins: their own handlers, sagas, domain and carrier."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.persistence.database import Database
from chassis.sagas import Saga
from chassis.testing.twins import Parts, Platform, RunningService, ServiceTwin
from chassis.testing.twins.store import Store
from customer_service.domain.customer import Customer
from customer_service.messaging import command_handlers as customer_commands
from customer_service.messaging import event_handlers as customer_events
from customer_service.messaging import topology as customer_topology
from inventory_service.domain.product import Product
from inventory_service.messaging import command_handlers as inventory_commands
from inventory_service.messaging import event_handlers as inventory_events
from inventory_service.messaging import topology as inventory_topology
from order_service.domain.errors import OrderStateError
from order_service.domain.order import Order, OrderState
from order_service.domain.order_line import OrderLine
from order_service.messaging import event_handlers as order_events
from order_service.messaging import topology as order_topology
from order_service.persistence.orders import get_order
from order_service.sagas.cancel_order import CancelOrderData, CancelOrderSaga
from order_service.sagas.create_order import CreateOrderData, CreateOrderSaga
from shipping_service.carrier.behaviour import CarrierBehaviour
from shipping_service.carrier.errand import Errand
from shipping_service.carrier.simulated import SimulatedCarrier
from shipping_service.messaging import topology as shipping_topology
from shipping_service.messaging.event_handlers import EventHandlers
from shipping_service.persistence import errands

ORDER, CUSTOMER, INVENTORY, SHIPPING = (
    f"{context}-service" for context in ("order", "customer", "inventory", "shipping")
)
PRICE = Decimal("14.00")


class CarrierTimer:
    """The carrier's errands, when they fall due."""

    def __init__(self, carrier: SimulatedCarrier, database: Any) -> None:
        self._carrier = carrier
        self._database = database

    def next_due(self) -> datetime | None:
        return min((errand.due_at for errand in self._database.all(Errand)), default=None)

    async def fire(self) -> None:
        await self._carrier.do_what_is_due()


def next_due(store: Store, limit: int) -> list[Any]:
    found = [SimpleNamespace(**row) for row in store.rows("carrier_errands")]
    return sorted(found, key=lambda row: (row.due_at, row.order_id))[:limit]


def take_due(store: Store, now: datetime, order_id: UUID | None, limit: int) -> list[Any]:
    due = [
        row
        for row in next_due(store, limit)
        if row.due_at <= now and order_id in (None, row.order_id)
    ]
    for row in due:
        store.remove("carrier_errands", (row.order_id,))
    return due


def postpone(store: Store, order_id: UUID, until: datetime) -> list[Any]:
    row = store.get("carrier_errands", (order_id,))
    store.put("carrier_errands", (order_id,), {**row, "due_at": until})
    return []


def shipping_with(*, failure_percent: int, pickup: timedelta) -> ServiceTwin:
    behaviour = CarrierBehaviour(
        pickup=pickup, transit=timedelta(seconds=3), failure_percent=failure_percent
    )

    def compose(database: Database) -> Parts:
        carrier = SimulatedCarrier(database, behaviour)
        return Parts(
            events=EventHandlers(carrier).table,
            timers=(CarrierTimer(carrier, database),),
            statements={
                errands._NEXT_DUE: next_due,
                errands._TAKE_DUE: take_due,
                errands._POSTPONE: postpone,
            },
        )

    return ServiceTwin(topology=shipping_topology.TOPOLOGY, parts=compose)


ORDERS = ServiceTwin(
    topology=order_topology.TOPOLOGY,
    parts=Parts(events=order_events.EVENT_HANDLERS, sagas=(CreateOrderSaga, CancelOrderSaga)),
)
CUSTOMERS = ServiceTwin(
    topology=customer_topology.TOPOLOGY,
    parts=Parts(commands=customer_commands.COMMAND_HANDLERS, events=customer_events.EVENT_HANDLERS),
)
PRODUCTS = ServiceTwin(
    topology=inventory_topology.TOPOLOGY,
    parts=Parts(
        commands=inventory_commands.COMMAND_HANDLERS, events=inventory_events.EVENT_HANDLERS
    ),
)


def services(
    *, failure_percent: int = 0, pickup: timedelta = timedelta(seconds=2)
) -> Sequence[ServiceTwin]:
    shipping = shipping_with(failure_percent=failure_percent, pickup=pickup)
    return ORDERS, CUSTOMERS, PRODUCTS, shipping


def stocked(platform: Platform, *, credit: str = "100.00", on_hand: int = 3) -> None:
    """A customer with credit, and a product on hand."""

    async def register(session: AsyncSession, _service: RunningService) -> None:
        limit = Decimal(credit)
        session.add(Customer(customer_id="1", name="Ada", country="UK", credit_limit=limit))

    async def stock(session: AsyncSession, _service: RunningService) -> None:
        session.add(Product(product_id="tea", name="Tea", on_hand=on_hand))

    platform.given(CUSTOMER, register)
    platform.given(INVENTORY, stock)


def place(
    platform: Platform,
    number: int = 1,
    *,
    quantity: int = 2,
    saga: type[Saga[CreateOrderData]] = CreateOrderSaga,
) -> UUID:
    """A client places an order."""
    order_id = UUID(int=number)
    lines = (OrderLine(product_id="tea", quantity=quantity, unit_price=PRICE),)

    async def place_order(session: AsyncSession, service: RunningService) -> None:
        order = Order.place(order_id=order_id, customer_id="1", lines=lines, at=datetime.now(UTC))
        data = CreateOrderData.model_validate(order)
        await service.orchestrator.start(session, saga, data, subject_key=str(order_id))

    platform.request(ORDER, place_order, told=f"places order {number}")
    return order_id


def cancel(platform: Platform, order_id: UUID, *, when: Any) -> None:
    """A client cancels an order as soon as `when` holds."""

    async def cancel_order(session: AsyncSession, service: RunningService) -> None:
        order = await get_order(session, order_id, lock=True)
        if order.state is not OrderState.CANCEL_PENDING:
            await service.orchestrator.start(
                session, CancelOrderSaga, CancelOrderData.of(order), subject_key=str(order_id)
            )

    platform.request(
        ORDER, cancel_order, told="cancels the order", when=when, refusals=(OrderStateError,)
    )
