"""What the history shows otherwise must be found where it is."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from devkit.books import Books
from devkit.history import HistoryOrder
from devkit.history_check import differences
from devkit.models import Line, Order, OrderState, Shipment, ShipmentState

ID = UUID(int=1)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
BOOKS = Books(
    orders=(
        Order(
            order_id=ID,
            customer_id="ALFKI",
            state=OrderState.DELIVERED,
            rejection_reason=None,
            total=Decimal("30.00"),
            lines=(Line(product_id="queso", quantity=3, unit_price=Decimal(10)),),
            placed_at=NOW,
            decided_at=NOW,
        ),
    ),
    accounts=(),
    stocks=(),
    shipments=(Shipment(order_id=ID, state=ShipmentState.DELIVERED),),
)


def shown(**given: Any) -> HistoryOrder:
    item = {"product_id": "queso", "product_name": None, "quantity": 3, "unit_price": "10.00"}
    order = {
        "order_id": ID,
        "customer_id": "ALFKI",
        "customer_name": None,
        "state": "DELIVERED",
        "rejection_reason": None,
        "total": "30.00",
        "placed_at": NOW,
        "decided_at": NOW,
        "items": [item],
        "changes": [],
        "shipment": {"state": "DELIVERED"},
    }
    return HistoryOrder.model_validate(order | given)


def test_a_history_that_shows_the_same_is_no_finding():
    assert list(differences(BOOKS, [shown(), shown(order_id=UUID(int=2))])) == []


def test_an_order_that_is_missing_is_found():
    assert list(differences(BOOKS, [])) == [f"order {ID} is not in the history"]


@pytest.mark.parametrize(
    ("given", "finding"),
    [
        ({"state": "APPROVED"}, "its state is DELIVERED, and APPROVED in the history"),
        ({"rejection_reason": "OUT_OF_STOCK"}, "its reason is none, and OUT_OF_STOCK"),
        ({"total": "31.00"}, "its total is 30.00, and 31.00"),
        ({"items": []}, "its lines are [('queso', 3)], and []"),
        ({"shipment": None}, "its shipment is DELIVERED, and none"),
        ({"shipment": {"state": "DISPATCHED"}}, "its shipment is DELIVERED, and DISPATCHED"),
    ],
)
def test_what_is_shown_otherwise_is_found(given: dict[str, Any], finding: str):
    [sentence] = differences(BOOKS, [shown(**given)])
    assert str(ID) in sentence
    assert finding in sentence
