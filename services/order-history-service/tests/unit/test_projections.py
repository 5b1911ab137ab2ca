"""What each event changes in the history. Given an event, expect rows: nothing else is involved."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from chassis.messaging.contracts import Event
from chassis.views import put
from order_history_service.messaging.subscriptions import (
    CustomerRegistered,
    OrderApproved,
    OrderCancelled,
    OrderDelivered,
    OrderedLine,
    OrderPlaced,
    OrderRejected,
    OrderUndelivered,
    ProductRegistered,
    ShipmentDelivered,
    ShipmentDispatched,
    ShipmentFailed,
    ShipmentScheduled,
    ShipmentWithheld,
)
from order_history_service.view import ORDER_HISTORY
from order_history_service.view.tables import (
    customers,
    order_lines,
    orders,
    products,
    shipments,
)

ID = UUID(int=1)
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
OF_ORDER = {"order_id": ID, "customer_id": "ALFKI"}


def changes(event: Event) -> list[Any]:
    return list(ORDER_HISTORY.by_type[event.wire_type].project(event))


def test_a_placed_order_is_pending_with_its_lines_in_their_order():
    lines = (
        OrderedLine(product_id="11", quantity=12, unit_price=Decimal("14.00")),
        OrderedLine(product_id="42", quantity=1, unit_price=Decimal("9.80")),
    )
    placed = OrderPlaced(**OF_ORDER, lines=lines, total=Decimal("177.80"), placed_at=NOON)

    order, first, second = changes(placed)

    assert order == put(
        orders, **OF_ORDER, state="PENDING", total=Decimal("177.80"), placed_at=NOON
    )
    assert first == put(
        order_lines,
        order_id=ID,
        number=1,
        product_id="11",
        quantity=12,
        unit_price=Decimal("14.00"),
    )
    assert second.key == (ID, 2)


@pytest.mark.parametrize(
    ("event", "row"),
    [
        (
            OrderApproved(**OF_ORDER, decided_at=NOON),
            {"state": "APPROVED", "decided_at": NOON},
        ),
        (
            OrderRejected(**OF_ORDER, decided_at=NOON, rejection_reason="OUT_OF_STOCK"),
            {"state": "REJECTED", "decided_at": NOON, "rejection_reason": "OUT_OF_STOCK"},
        ),
        (OrderDelivered(**OF_ORDER, ended_at=NOON), {"state": "DELIVERED", "ended_at": NOON}),
        (OrderUndelivered(**OF_ORDER, ended_at=NOON), {"state": "UNDELIVERED", "ended_at": NOON}),
        (OrderCancelled(**OF_ORDER, ended_at=NOON), {"state": "CANCELLED", "ended_at": NOON}),
        (OrderCancelled(**OF_ORDER), {"state": "CANCELLED", "ended_at": None}),
    ],
    ids=lambda one: type(one).__name__,
)
def test_what_becomes_of_an_order_is_its_state_and_the_time(event: Event, row: dict[str, Any]):
    assert changes(event) == [put(orders, **OF_ORDER, **row)]


@pytest.mark.parametrize(
    ("event", "row"),
    [
        (
            ShipmentScheduled(order_id=ID, scheduled_at=NOON),
            {"state": "SCHEDULED", "scheduled_at": NOON},
        ),
        (
            ShipmentDispatched(order_id=ID, dispatched_at=NOON),
            {"state": "DISPATCHED", "dispatched_at": NOON},
        ),
        (ShipmentWithheld(order_id=ID, ended_at=NOON), {"state": "WITHHELD", "ended_at": NOON}),
        (ShipmentDelivered(order_id=ID, ended_at=NOON), {"state": "DELIVERED", "ended_at": NOON}),
        (ShipmentFailed(order_id=ID, ended_at=NOON), {"state": "FAILED", "ended_at": NOON}),
    ],
    ids=lambda one: type(one).__name__,
)
def test_a_shipment_leaves_the_order_to_order_service(event: Event, row: dict[str, Any]):
    assert changes(event) == [put(shipments, order_id=ID, **row)]


def test_customers_and_products_are_known_by_their_last_registration():
    assert changes(CustomerRegistered(customer_id="ALFKI", name="Alfreds", country="Germany")) == [
        put(customers, customer_id="ALFKI", name="Alfreds", country="Germany")
    ]
    assert changes(ProductRegistered(product_id="11", name="Queso Cabrales")) == [
        put(products, product_id="11", name="Queso Cabrales")
    ]
