"""Services that stand in, and know one order of the customer ANNA."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from devkit.standins import StandIns

ORDER_ID = UUID(int=7)
AT = "2026-11-24T12:00:00Z"
ORDER: dict[str, Any] = {
    "order_id": str(ORDER_ID),
    "customer_id": "ANNA",
    "state": "APPROVED",
    "total": "28.00",
    "placed_at": AT,
    "rejection_reason": None,
    "lines": [{"product_id": "1", "quantity": 2, "unit_price": "14.00"}],
    "decided_at": AT,
    "ended_at": None,
    "saga_id": str(UUID(int=8)),
    "waits_for": [
        {
            "flow": "fulfilment",
            "awaits": "GoodsIssued",
            "awaited_from": "inventory-service",
            "since": AT,
            "due_at": AT,
            "overdue": True,
        }
    ],
}
CUSTOMER = {
    "customer_id": "ANNA",
    "name": "Anna",
    "country": "Italy",
    "credit_limit": "100.00",
    "reserved": "0.00",
    "confirmed": "28.00",
    "available": "72.00",
}
PRODUCT = {"product_id": "1", "name": "Chai", "on_hand": 39, "reserved": 2, "available": 37}
RESERVATIONS = [{"product_id": "1", "quantity": 2, "state": "RESERVED"}]
SHIPMENT = {
    "order_id": str(ORDER_ID),
    "customer_id": "ANNA",
    "lines": [],
    "state": "SCHEDULED",
    "requested_at": AT,
    "scheduled_at": AT,
    "dispatched_at": None,
    "ended_at": None,
}
HISTORY = {"order_id": str(ORDER_ID), "changes": [{"state": "PENDING", "at": AT, "more": 1}]}

_ROWS = pytest.StashKey[list[tuple[str, ...]]]()

Pages = Mapping[str, object]

PAGES: Mapping[str, Pages] = {
    "order-service": {f"/orders/{ORDER_ID}": ORDER},
    "customer-service": {"/customers/ANNA": CUSTOMER},
    "inventory-service": {
        f"/reservations/{ORDER_ID}": RESERVATIONS,
        "/products": [PRODUCT],
        "/products/1": PRODUCT,
    },
    "shipping-service": {f"/shipments/{ORDER_ID}": SHIPMENT},
    "order-history-service": {f"/orders/{ORDER_ID}": HISTORY},
}


def showing(pages: Pages):
    async def behaviour(request: Request) -> Response:
        path = request.scope["path"]
        if path not in pages:
            return JSONResponse(
                {"type": "urn:x", "title": "No such thing", "status": 404},
                404,
                media_type="application/problem+json",
            )
        return JSONResponse(pages[path])

    return behaviour


@pytest.fixture(autouse=True)
def behaved(services: StandIns) -> None:
    """All services are well; a test makes some of them misbehave."""
    for service, pages in PAGES.items():
        services.behave(service, showing(pages))


@pytest.fixture
def rows(request: pytest.FixtureRequest) -> list[tuple[str, ...]]:
    """A table for whoever wants to see it, printed when all tests have run."""
    return request.config.stash.setdefault(_ROWS, [])


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if config.get_verbosity() > 0:
        for row in config.stash.get(_ROWS, []):
            terminalreporter.write_line(f"| {' | '.join(row)} |")
