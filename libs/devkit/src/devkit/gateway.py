"""api-gateway: its client."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import httpx
from pydantic import BaseModel

from chassis.http.consistency import CONSISTENCY_TOKEN
from devkit.history import HistoryOrder
from devkit.http_client import ApiClient
from devkit.models import Line

_PAGE = 200


class _Page(BaseModel):
    orders: tuple[HistoryOrder, ...]
    next_cursor: str | None


class GatewayClient:
    """Has a token of staff, and reads what it has written."""

    def __init__(self, api: ApiClient) -> None:
        self._api = api
        self._last_write: dict[str, str] = {}

    async def place(self, *, key: str, customer_id: str, lines: tuple[Line, ...]) -> UUID:
        """Place an order; the same ``key`` gives the same order however often it is sent."""
        answer = await send_order(self._api, key=key, customer_id=customer_id, lines=lines)
        self._last_write = {CONSISTENCY_TOKEN: answer.headers[CONSISTENCY_TOKEN]}
        return UUID(answer.json()["order_id"])

    async def orders(self) -> AsyncIterator[HistoryOrder]:
        """All orders of the history, newest first, the last that was placed here among them."""
        cursor: str | None = None
        while True:
            page = await self._page(cursor)
            for order in page.orders:
                yield order
            cursor = page.next_cursor
            if cursor is None:
                return

    async def _page(self, cursor: str | None) -> _Page:
        params = {"limit": _PAGE} | ({} if cursor is None else {"cursor": cursor})
        while True:
            answer = await self._api.request(
                "GET", "/orders", params=params, headers=self._last_write
            )
            if answer.status_code != httpx.codes.ACCEPTED:
                return _Page.model_validate_json(answer.content)
            await asyncio.sleep(int(answer.headers["Retry-After"]))


async def send_order(
    api: ApiClient, *, key: str, customer_id: str, lines: tuple[Line, ...]
) -> httpx.Response:
    """Send an order to whoever takes orders."""
    body = {"customer_id": customer_id, "lines": [line.model_dump(mode="json") for line in lines]}
    return await api.request("POST", "/orders", json=body, headers={"Idempotency-Key": key})
