"""Clients of the services' HTTP APIs."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar
from uuid import UUID

import httpx
from pydantic import TypeAdapter

from devkit.deployables import (
    API_GATEWAY,
    CUSTOMER_SERVICE,
    INVENTORY_SERVICE,
    ORDER_HISTORY_SERVICE,
    ORDER_SERVICE,
    SHIPPING_SERVICE,
)
from devkit.gateway import GatewayClient, send_order
from devkit.history import HistoryClient
from devkit.http_client import ApiClient, ApiError, http_connections
from devkit.models import (
    CreditReservation,
    Customer,
    Line,
    OpenFlow,
    Order,
    OrderState,
    Product,
    SagaHistory,
    Shipment,
    ShipmentState,
    StockReservation,
)
from devkit.platform import Addresses

_PAGE = 500
_CANNOT_BE_CANCELLED_YET = {OrderState.PENDING, OrderState.REJECTED}

T = TypeVar("T")

_orders = TypeAdapter(list[Order])
_histories = TypeAdapter(list[SagaHistory])
_open_flows = TypeAdapter(list[OpenFlow])
_customers = TypeAdapter(list[Customer])
_products = TypeAdapter(list[Product])
_credit_reservations = TypeAdapter(list[CreditReservation])
_shipments = TypeAdapter(list[Shipment])
_stock_reservations = TypeAdapter(list[StockReservation])


class OrderClient:
    """order-service."""

    def __init__(self, api: ApiClient) -> None:
        self._api = api

    async def place(self, *, key: str, customer_id: str, lines: tuple[Line, ...]) -> UUID:
        """Place an order; the same ``key`` gives the same order however often it is sent."""
        answer = await send_order(self._api, key=key, customer_id=customer_id, lines=lines)
        return UUID(answer.json()["order_id"])

    async def cancel(self, order_id: UUID) -> None:
        """Ask for a cancellation.

        No error where an earlier request has been heard already, or the goods have left.
        """
        try:
            await self._api.request("POST", f"/orders/{order_id}/cancellation")
        except ApiError as error:
            if error.status != httpx.codes.CONFLICT:
                raise
            if (await self.order(order_id)).state in _CANNOT_BE_CANCELLED_YET:
                raise

    async def order(self, order_id: UUID) -> Order:
        return Order.model_validate(await self._api.get(f"/orders/{order_id}"))

    def orders(self, state: OrderState | None = None) -> AsyncIterator[Order]:
        """All orders, by their id."""
        return _pages(self._api, "/orders", _orders, lambda order: order.order_id, state=state)

    async def count(self, state: OrderState, *, at_most: int) -> int:
        """How many orders are in a state, counting up to ``at_most``."""
        return len(await self._api.get("/orders", state=state, limit=at_most))

    async def open_flows(self, *, at_most: int = 1000) -> list[OpenFlow]:
        """Flows by choreography that have not ended, ``at_most`` so many of them."""
        return _open_flows.validate_python(await self._api.get("/flows", limit=at_most))

    async def sagas(self, order_id: UUID) -> list[SagaHistory]:
        return _histories.validate_python(await self._api.get(f"/orders/{order_id}/sagas"))


class CustomerClient:
    """customer-service."""

    def __init__(self, api: ApiClient) -> None:
        self._api = api

    async def put(self, customer_id: str, *, name: str, country: str, limit: Decimal) -> None:
        body = {"name": name, "country": country, "credit_limit": str(limit)}
        await self._api.request("PUT", f"/customers/{customer_id}", json=body)

    def customers(self) -> AsyncIterator[Customer]:
        """All customers, by their id."""
        return _pages(self._api, "/customers", _customers, lambda customer: customer.customer_id)

    async def reservations(self, customer_id: str) -> list[CreditReservation]:
        answer = await self._api.get(f"/customers/{customer_id}/reservations")
        return _credit_reservations.validate_python(answer)


class InventoryClient:
    """inventory-service."""

    def __init__(self, api: ApiClient) -> None:
        self._api = api

    async def put(self, product_id: str, *, name: str, on_hand: int) -> None:
        body = {"name": name, "on_hand": on_hand}
        await self._api.request("PUT", f"/products/{product_id}", json=body)

    def products(self) -> AsyncIterator[Product]:
        """All products, by their id."""
        return _pages(self._api, "/products", _products, lambda product: product.product_id)

    async def reservations(self, product_id: str) -> list[StockReservation]:
        answer = await self._api.get(f"/products/{product_id}/reservations")
        return _stock_reservations.validate_python(answer)


class ShippingClient:
    """shipping-service."""

    def __init__(self, api: ApiClient) -> None:
        self._api = api

    def shipments(self) -> AsyncIterator[Shipment]:
        """All shipments, by their order's id."""
        return _pages(self._api, "/shipments", _shipments, lambda shipment: shipment.order_id)

    async def count(self, state: ShipmentState, *, at_most: int) -> int:
        """How many shipments are in a state, counting up to ``at_most``."""
        return len(await self._api.get("/shipments", state=state, limit=at_most))


@dataclass(frozen=True, kw_only=True, slots=True)
class Clients:
    """``shipping`` and ``history`` are None on a platform that runs sagas only.

    ``gateway`` is None without a token.
    """

    orders: OrderClient
    customers: CustomerClient
    inventory: InventoryClient
    shipping: ShippingClient | None
    history: HistoryClient | None
    gateway: GatewayClient | None = None

    @property
    def entrance(self) -> OrderClient | GatewayClient:
        """Where orders are placed."""
        return self.orders if self.gateway is None else self.gateway


@asynccontextmanager
async def clients_of(
    addresses: Addresses, *, patience: float = 60, token: str | None = None
) -> AsyncIterator[Clients]:
    """Clients of a running platform, which ask again for ``patience`` seconds.

    With a ``token`` of staff, orders go in through the gateway.
    """
    async with http_connections() as http:

        def api(service: str, **headers: str) -> ApiClient:
            return ApiClient(http, addresses.http[service], patience=patience, headers=headers)

        ships = SHIPPING_SERVICE in addresses.http
        remembers = ORDER_HISTORY_SERVICE in addresses.http
        gateway = (
            None
            if token is None
            else GatewayClient(api(API_GATEWAY, Authorization=f"Bearer {token}"))
        )
        yield Clients(
            gateway=gateway,
            orders=OrderClient(api(ORDER_SERVICE)),
            customers=CustomerClient(api(CUSTOMER_SERVICE)),
            inventory=InventoryClient(api(INVENTORY_SERVICE)),
            shipping=ShippingClient(api(SHIPPING_SERVICE)) if ships else None,
            history=HistoryClient(api(ORDER_HISTORY_SERVICE)) if remembers else None,
        )


async def _pages(
    api: ApiClient,
    path: str,
    page_of: TypeAdapter[list[T]],
    cursor: Callable[[T], object],
    **filters: object,
) -> AsyncIterator[T]:
    after = None
    while True:
        answer = await api.get(path, after=after, limit=_PAGE, **filters)
        page = page_of.validate_python(answer)
        for item in page:
            yield item
        if len(page) < _PAGE:
            return
        after = cursor(page[-1])
