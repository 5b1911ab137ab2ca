"""order-history-service: its client, and what it answers."""

from collections.abc import AsyncIterator
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from devkit.http_client import ApiClient

_PAGE = 200


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class HistoryItem(_Answer):
    product_id: str
    product_name: str | None
    quantity: int
    unit_price: Decimal


class StateChange(_Answer):
    state: str
    at: datetime | None


class HistoryShipment(_Answer):
    state: str


class HistoryOrder(_Answer):
    """An order as the history shows it."""

    order_id: UUID
    customer_id: str
    customer_name: str | None
    state: str
    rejection_reason: str | None
    total: Decimal
    placed_at: datetime
    decided_at: datetime | None
    items: tuple[HistoryItem, ...]
    changes: tuple[StateChange, ...]
    shipment: HistoryShipment | None


class Tally(_Answer):
    orders: int
    total: Decimal


class CustomerSummary(_Answer):
    """What a customer's orders come to."""

    name: str | None
    orders: int
    spent: Decimal
    open: Decimal
    cancelled: Decimal
    by_state: dict[str, Tally]


class HistoryClient:
    """Asks order-history-service, which is behind the others by moments."""

    def __init__(self, api: ApiClient) -> None:
        self._api = api

    async def order(self, order_id: UUID) -> HistoryOrder:
        return HistoryOrder.model_validate(await self._api.get(f"/orders/{order_id}"))

    async def summary(self, customer_id: str) -> CustomerSummary:
        answer = await self._api.get(f"/customers/{customer_id}/summary")
        return CustomerSummary.model_validate(answer)

    def orders(self, **filters: object) -> AsyncIterator[HistoryOrder]:
        """Everybody's orders, newest first."""
        return self._pages("/orders", **filters)

    def orders_of(self, customer_id: str, **filters: object) -> AsyncIterator[HistoryOrder]:
        """A customer's orders, newest first."""
        return self._pages(f"/customers/{customer_id}/orders", **filters)

    async def _pages(self, path: str, **filters: object) -> AsyncIterator[HistoryOrder]:
        cursor = None
        while True:
            page = await self._api.get(path, cursor=cursor, limit=_PAGE, **filters)
            for order in page["orders"]:
                yield HistoryOrder.model_validate(order)
            cursor = page["next_cursor"]
            if cursor is None:
                return
