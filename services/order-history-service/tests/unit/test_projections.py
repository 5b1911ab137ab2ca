"""What each event changes in the history. Given an event, expect rows: nothing else is involved."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from chassis.messaging.contracts import Event
from chassis.testing.views import shown
from chassis.views import put
from order_history_service.domain.states import OrderState, ShipmentState
from order_history_service.messaging.subscriptions import (
    CustomerRegistered,
    CustomerSnapshot,
    OrderApproved,
    OrderCancelled,
    OrderDelivered,
    OrderedLine,
    OrderPlaced,
    OrderRejected,
    OrderSnapshot,
    OrderUndelivered,
    ProductRegistered,
    ProductSnapshot,
    ShipmentDelivered,
    ShipmentDispatched,
    ShipmentFailed,
    ShipmentScheduled,
    ShipmentSnapshot,
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
LATER = NOON + timedelta(hours=1)
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


def test_rows_from_snapshots_are_those_from_events():
    """Whatever the state: nothing tells the two apart, so that a view can begin with either."""
    for taken, events in aggregates():
        assert shown(ORDER_HISTORY, taken) == shown(ORDER_HISTORY, *events)


def test_a_snapshot_of_what_is_there_already_changes_nothing():
    for taken, events in aggregates():
        assert shown(ORDER_HISTORY, *events, taken) == shown(ORDER_HISTORY, *events)


def aggregates() -> Iterator[tuple[Event, list[Event]]]:
    """Snapshots, each with the events of its aggregate so far."""
    alfreds = {"customer_id": "ALFKI", "name": "Alfreds", "country": "Germany"}
    yield CustomerSnapshot(**alfreds), [CustomerRegistered(**alfreds)]
    queso = {"product_id": "11", "name": "Queso Cabrales"}
    yield ProductSnapshot(**queso), [ProductRegistered(**queso)]
    yield snapshot(OrderState.PENDING), [PLACED]
    yield snapshot(OrderState.APPROVED, decided_at=LATER), [PLACED, APPROVED]
    yield (
        snapshot(OrderState.REJECTED, decided_at=LATER, rejection_reason="OUT_OF_STOCK"),
        [PLACED, OrderRejected(**OF_ORDER, rejection_reason="OUT_OF_STOCK", decided_at=LATER)],
    )
    for end in (OrderDelivered, OrderUndelivered, OrderCancelled):
        state = OrderState(end.wire_name.removeprefix("Order").upper())
        yield (
            snapshot(state, decided_at=LATER, ended_at=LATER),
            [PLACED, APPROVED, end(**OF_ORDER, ended_at=LATER)],
        )
    yield from shipments_so_far()


PLACED = OrderPlaced(
    **OF_ORDER,
    lines=2 * (OrderedLine(product_id="11", quantity=12, unit_price=Decimal("14.00")),),
    total=Decimal("336.00"),
    placed_at=NOON,
)
APPROVED = OrderApproved(**OF_ORDER, decided_at=LATER)


def snapshot(state: OrderState, **given: Any) -> OrderSnapshot:
    unknown = {"rejection_reason": None, "decided_at": None, "ended_at": None}
    beginning = PLACED.model_dump()
    return OrderSnapshot.model_validate({**unknown, **beginning, "state": state, **given})


def shipments_so_far() -> Iterator[tuple[Event, list[Event]]]:
    scheduled = ShipmentScheduled(order_id=ID, scheduled_at=NOON)
    dispatched = ShipmentDispatched(order_id=ID, dispatched_at=LATER)
    told: dict[ShipmentState, list[Event]] = {
        ShipmentState.SCHEDULED: [scheduled],
        ShipmentState.WITHHELD: [scheduled, ShipmentWithheld(order_id=ID, ended_at=LATER)],
        ShipmentState.DISPATCHED: [scheduled, dispatched],
        ShipmentState.DELIVERED: [
            scheduled,
            dispatched,
            ShipmentDelivered(order_id=ID, ended_at=LATER),
        ],
        ShipmentState.FAILED: [scheduled, dispatched, ShipmentFailed(order_id=ID, ended_at=LATER)],
    }
    for state, events in told.items():
        times = {"scheduled_at": NOON, "dispatched_at": None, "ended_at": None}
        if dispatched in events:
            times["dispatched_at"] = LATER
        if state not in (ShipmentState.SCHEDULED, ShipmentState.DISPATCHED):
            times["ended_at"] = LATER
        yield ShipmentSnapshot(order_id=ID, state=state, **times), events
