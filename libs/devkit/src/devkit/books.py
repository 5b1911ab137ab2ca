"""All that the services say about orders, money and stock, read over HTTP."""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from devkit.clients import Clients
from devkit.concurrency import for_each
from devkit.models import (
    GIVEN_BACK,
    HOLDING,
    CreditReservation,
    Customer,
    Order,
    Product,
    Shipment,
    StockReservation,
)

_AT_ONCE = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class CustomerAccount:
    customer: Customer
    reservations: tuple[CreditReservation, ...]

    @property
    def held(self) -> dict[UUID, Decimal]:
        """What is reserved or confirmed, by order."""
        amounts: dict[UUID, Decimal] = defaultdict(Decimal)
        for reservation in self.reservations:
            if reservation.state not in GIVEN_BACK:
                amounts[reservation.order_id] += reservation.amount
        return dict(amounts)


@dataclass(frozen=True, kw_only=True, slots=True)
class ProductStock:
    product: Product
    reservations: tuple[StockReservation, ...]

    @property
    def held(self) -> dict[UUID, int]:
        """What is reserved or confirmed, by order."""
        quantities: dict[UUID, int] = defaultdict(int)
        for reservation in self.reservations:
            if reservation.state not in GIVEN_BACK:
                quantities[reservation.order_id] += reservation.quantity
        return dict(quantities)


@dataclass(frozen=True, kw_only=True, slots=True)
class Books:
    orders: tuple[Order, ...]
    accounts: tuple[CustomerAccount, ...]
    stocks: tuple[ProductStock, ...]
    shipments: tuple[Shipment, ...] = ()

    @property
    def holding(self) -> tuple[Order, ...]:
        """Orders that hold goods and owe for them."""
        return tuple(order for order in self.orders if order.state in HOLDING)


async def read_books(clients: Clients) -> Books:
    """The books of a platform; they add up only while nothing is in flight."""

    async def account(customer: Customer) -> CustomerAccount:
        reservations = await clients.customers.reservations(customer.customer_id)
        return CustomerAccount(customer=customer, reservations=tuple(reservations))

    async def stock(product: Product) -> ProductStock:
        reservations = await clients.inventory.reservations(product.product_id)
        return ProductStock(product=product, reservations=tuple(reservations))

    customers = [customer async for customer in clients.customers.customers()]
    products = [product async for product in clients.inventory.products()]
    return Books(
        orders=tuple([order async for order in clients.orders.orders()]),
        accounts=tuple(await for_each(customers, account, at_once=_AT_ONCE)),
        stocks=tuple(await for_each(products, stock, at_once=_AT_ONCE)),
        shipments=await _shipments(clients),
    )


async def _shipments(clients: Clients) -> tuple[Shipment, ...]:
    if clients.shipping is None:
        return ()
    return tuple([shipment async for shipment in clients.shipping.shipments()])
