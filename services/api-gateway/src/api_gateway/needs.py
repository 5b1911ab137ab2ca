"""What the gateway needs of the services' HTTP APIs: its calls, and what it reads of the answers.

Found by making every call of `services` once, to clients that write it down.
"""

import asyncio
import inspect
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel

from api_gateway.calls import Call
from api_gateway.calls.call import IDEMPOTENCY_KEY
from api_gateway.http.customers import CustomerDetails
from api_gateway.http.history import wanted
from api_gateway.http.orders import OrderRequest
from api_gateway.http.products import ProductDetails
from api_gateway.services import (
    CUSTOMER_SERVICE,
    INVENTORY_SERVICE,
    ORDER_HISTORY_SERVICE,
    ORDER_SERVICE,
    SHIPPING_SERVICE,
    Customers,
    History,
    Inventory,
    Orders,
    Shipping,
)
from chassis.http.consistency import CONSISTENCY_TOKEN

_ORDER: Final = UUID(int=0)
_NAMED: Final = {str(_ORDER): "{order_id}", "CUSTOMER": "{customer_id}", "PRODUCT": "{product_id}"}
_ASKED: Final = {
    "order_id": _ORDER,
    "customer_id": "CUSTOMER",
    "product_id": "PRODUCT",
    "product_ids": ("PRODUCT",),
    "after": "PRODUCT",
    "limit": 1,
    "params": wanted(),
    "deadline": None,
}
_CLIENTS: Final[Mapping[str, tuple[type[Any], type[BaseModel] | None, str]]] = {
    ORDER_SERVICE: (Orders, OrderRequest, IDEMPOTENCY_KEY),
    CUSTOMER_SERVICE: (Customers, CustomerDetails, ""),
    INVENTORY_SERVICE: (Inventory, ProductDetails, ""),
    SHIPPING_SERVICE: (Shipping, None, ""),
    ORDER_HISTORY_SERVICE: (History, None, CONSISTENCY_TOKEN),
}


class _Noted(Exception):  # noqa: N818 - how a call ends that is only written down
    """The call is known, and is not made."""


class _Notebook:
    """Stands where the client of a service is."""

    def __init__(self) -> None:
        self.calls: list[Call[Any]] = []

    async def call(self, call: Call[Any], _: object) -> None:
        self.calls.append(call)
        raise _Noted


def needs() -> dict[str, list[dict[str, Any]]]:
    """By service: the operations, with the schemas of what is sent and of what is read."""
    return {service: list(_operations(service)) for service in _CLIENTS}


def _operations(service: str) -> Iterator[dict[str, Any]]:
    kind, body, header = _CLIENTS[service]
    notebook = _Notebook()
    for method in _public_methods(kind(notebook)):
        asked = {
            name: body.model_construct() if name == "body" and body else _asked(name, header)
            for name in inspect.signature(method).parameters
        }
        with suppress(_Noted):
            asyncio.run(method(**asked))
    yield from (_described(call) for call in notebook.calls)


def _public_methods(client: Any) -> Iterator[Any]:
    for name, method in inspect.getmembers(client, inspect.ismethod):
        if not name.startswith("_"):
            yield method


def _asked(name: str, header: str) -> object:
    return {header: "any"} if name == "headers" else _ASKED[name]


def _described(call: Call[Any]) -> dict[str, Any]:
    path = "/".join(_NAMED.get(part, part) for part in call.path.split("/"))
    sent = None if call.body is None else type(call.body).model_json_schema()
    return {
        "operation": f"{call.method} {path}",
        "query": list(call.params),
        "headers": list(call.headers),
        "sends": sent,
        "reads": call.answer.json_schema(),
    }
