"""The services behind the gateway, and what it asks them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Self
from uuid import UUID

from pydantic import BaseModel

from api_gateway.answers.customers import CUSTOMER, CUSTOMERS, Customer
from api_gateway.answers.history import (
    ORDER_HISTORY,
    ORDER_PAGE,
    SUMMARY,
    OrderHistory,
    OrderPage,
    Summary,
)
from api_gateway.answers.inventory import (
    PRODUCT,
    PRODUCTS,
    STOCK_RESERVATIONS,
    Product,
    StockReservation,
)
from api_gateway.answers.orders import ORDER, PLACED_ORDER, Order, PlacedOrder
from api_gateway.answers.shipping import SHIPMENT, Shipment
from api_gateway.calls import Call, Reply, ServiceClient
from api_gateway.settings import Settings
from chassis.http.deadline import Deadline

ORDER_SERVICE = "order-service"
CUSTOMER_SERVICE = "customer-service"
INVENTORY_SERVICE = "inventory-service"
SHIPPING_SERVICE = "shipping-service"
ORDER_HISTORY_SERVICE = "order-history-service"

Headers = Mapping[str, str]
Params = Mapping[str, object]

get = partial(Call, method="GET")


@dataclass(frozen=True, slots=True)
class Orders:
    """order-service."""

    client: ServiceClient

    async def place(
        self, body: BaseModel, headers: Headers, deadline: Deadline
    ) -> Reply[PlacedOrder]:
        call = Call(method="POST", path="/orders", answer=PLACED_ORDER, body=body, headers=headers)
        return await self.client.call(call, deadline)

    async def cancel(self, order_id: UUID, deadline: Deadline) -> Reply[Order]:
        call = Call(method="POST", path=f"/orders/{order_id}/cancellation", answer=ORDER)
        return await self.client.call(call, deadline)

    async def order(self, order_id: UUID, deadline: Deadline) -> Order:
        call = get(path=f"/orders/{order_id}", answer=ORDER)
        return (await self.client.call(call, deadline)).body


@dataclass(frozen=True, slots=True)
class Customers:
    """customer-service."""

    client: ServiceClient

    async def customer(self, customer_id: str, deadline: Deadline) -> Customer:
        call = get(path=f"/customers/{customer_id}", answer=CUSTOMER, kept=True)
        return (await self.client.call(call, deadline)).body

    async def page(self, after: str | None, limit: int, deadline: Deadline) -> tuple[Customer, ...]:
        params = {"after": after, "limit": limit}
        call = get(path="/customers", answer=CUSTOMERS, params=params)
        return (await self.client.call(call, deadline)).body

    async def put(self, customer_id: str, body: BaseModel, deadline: Deadline) -> Reply[Customer]:
        path = f"/customers/{customer_id}"
        call = Call(method="PUT", path=path, answer=CUSTOMER, body=body)
        return await self.client.call(call, deadline)


@dataclass(frozen=True, slots=True)
class Inventory:
    """inventory-service."""

    client: ServiceClient

    async def product(self, product_id: str, deadline: Deadline) -> Product:
        call = get(path=f"/products/{product_id}", answer=PRODUCT, kept=True)
        return (await self.client.call(call, deadline)).body

    async def products(
        self, product_ids: Collection[str], deadline: Deadline
    ) -> tuple[Product, ...]:
        """Those of the products that there are; one page, whoever asks for it."""
        params = {"product_id": sorted(product_ids), "limit": len(product_ids)}
        call = get(path="/products", answer=PRODUCTS, params=params, kept=True)
        return (await self.client.call(call, deadline)).body

    async def page(self, after: str | None, limit: int, deadline: Deadline) -> tuple[Product, ...]:
        params = {"after": after, "limit": limit}
        call = get(path="/products", answer=PRODUCTS, params=params, kept=True)
        return (await self.client.call(call, deadline)).body

    async def put(self, product_id: str, body: BaseModel, deadline: Deadline) -> Reply[Product]:
        path = f"/products/{product_id}"
        call = Call(method="PUT", path=path, answer=PRODUCT, body=body)
        return await self.client.call(call, deadline)

    async def reservations(
        self, order_id: UUID, deadline: Deadline
    ) -> tuple[StockReservation, ...]:
        call = get(path=f"/reservations/{order_id}", answer=STOCK_RESERVATIONS)
        return (await self.client.call(call, deadline)).body


@dataclass(frozen=True, slots=True)
class Shipping:
    """shipping-service."""

    client: ServiceClient

    async def shipment(self, order_id: UUID, deadline: Deadline) -> Shipment:
        call = get(path=f"/shipments/{order_id}", answer=SHIPMENT)
        return (await self.client.call(call, deadline)).body


@dataclass(frozen=True, slots=True)
class History:
    """order-history-service."""

    client: ServiceClient

    async def order(self, order_id: UUID, headers: Headers, deadline: Deadline) -> OrderHistory:
        call = get(path=f"/orders/{order_id}", answer=ORDER_HISTORY, headers=headers)
        return (await self.client.call(call, deadline)).body

    async def orders(self, params: Params, headers: Headers, deadline: Deadline) -> OrderPage:
        call = get(path="/orders", answer=ORDER_PAGE, params=params, headers=headers)
        return (await self.client.call(call, deadline)).body

    async def orders_of(
        self, customer_id: str, params: Params, headers: Headers, deadline: Deadline
    ) -> OrderPage:
        path = f"/customers/{customer_id}/orders"
        call = get(path=path, answer=ORDER_PAGE, params=params, headers=headers)
        return (await self.client.call(call, deadline)).body

    async def summary(self, customer_id: str, headers: Headers, deadline: Deadline) -> Summary:
        path = f"/customers/{customer_id}/summary"
        call = get(path=path, answer=SUMMARY, headers=headers)
        return (await self.client.call(call, deadline)).body


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """All of them; each has connections and a circuit breaker of its own."""

    orders: Orders
    customers: Customers
    inventory: Inventory
    shipping: Shipping
    history: History

    @classmethod
    def of(cls, settings: Settings) -> Self:
        def client(service: str, url: str) -> ServiceClient:
            return ServiceClient(service, url, settings.service_policy)

        return cls(
            orders=Orders(client(ORDER_SERVICE, settings.order_service_url)),
            customers=Customers(client(CUSTOMER_SERVICE, settings.customer_service_url)),
            inventory=Inventory(client(INVENTORY_SERVICE, settings.inventory_service_url)),
            shipping=Shipping(client(SHIPPING_SERVICE, settings.shipping_service_url)),
            history=History(client(ORDER_HISTORY_SERVICE, settings.order_history_service_url)),
        )

    @property
    def clients(self) -> tuple[ServiceClient, ...]:
        services = (self.orders, self.customers, self.inventory, self.shipping, self.history)
        return tuple(service.client for service in services)
