"""What each event changes in the view: pure functions.

A snapshot sets every column that the events of its aggregate set, so that rows come to the same.
"""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from chassis.views import Change, put
from order_history_service.domain.states import OrderState, ShipmentState
from order_history_service.messaging.subscriptions import (
    CustomerRegistered,
    CustomerSnapshot,
    OrderApproved,
    OrderCancelled,
    OrderDelivered,
    OrderEvent,
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
from order_history_service.view.tables import (
    customers,
    order_lines,
    orders,
    products,
    shipments,
)


def order_placed(event: OrderPlaced) -> Iterator[Change]:
    yield put(
        orders,
        order_id=event.order_id,
        customer_id=event.customer_id,
        state=OrderState.PENDING,
        total=event.total,
        placed_at=event.placed_at,
    )
    yield from _lines(event)


def order_snapshot(event: OrderSnapshot) -> Iterator[Change]:
    yield put(
        orders,
        order_id=event.order_id,
        customer_id=event.customer_id,
        state=event.state,
        total=event.total,
        rejection_reason=event.rejection_reason,
        placed_at=event.placed_at,
        decided_at=event.decided_at,
        ended_at=event.ended_at,
    )
    yield from _lines(event)


def order_approved(event: OrderApproved) -> Iterator[Change]:
    yield put(
        orders,
        order_id=event.order_id,
        customer_id=event.customer_id,
        state=OrderState.APPROVED,
        decided_at=event.decided_at,
    )


def order_rejected(event: OrderRejected) -> Iterator[Change]:
    yield put(
        orders,
        order_id=event.order_id,
        customer_id=event.customer_id,
        state=OrderState.REJECTED,
        rejection_reason=event.rejection_reason,
        decided_at=event.decided_at,
    )


def order_delivered(event: OrderDelivered) -> Iterator[Change]:
    yield _ended(event, OrderState.DELIVERED, event.ended_at)


def order_undelivered(event: OrderUndelivered) -> Iterator[Change]:
    yield _ended(event, OrderState.UNDELIVERED, event.ended_at)


def order_cancelled(event: OrderCancelled) -> Iterator[Change]:
    yield _ended(event, OrderState.CANCELLED, event.ended_at)


def customer_registered(event: CustomerRegistered | CustomerSnapshot) -> Iterator[Change]:
    yield put(customers, customer_id=event.customer_id, name=event.name, country=event.country)


def product_registered(event: ProductRegistered | ProductSnapshot) -> Iterator[Change]:
    yield put(products, product_id=event.product_id, name=event.name)


def shipment_scheduled(event: ShipmentScheduled) -> Iterator[Change]:
    yield put(
        shipments,
        order_id=event.order_id,
        state=ShipmentState.SCHEDULED,
        scheduled_at=event.scheduled_at,
    )


def shipment_dispatched(event: ShipmentDispatched) -> Iterator[Change]:
    yield put(
        shipments,
        order_id=event.order_id,
        state=ShipmentState.DISPATCHED,
        dispatched_at=event.dispatched_at,
    )


def shipment_withheld(event: ShipmentWithheld) -> Iterator[Change]:
    yield _shipment_ended(event.order_id, ShipmentState.WITHHELD, event.ended_at)


def shipment_delivered(event: ShipmentDelivered) -> Iterator[Change]:
    yield _shipment_ended(event.order_id, ShipmentState.DELIVERED, event.ended_at)


def shipment_failed(event: ShipmentFailed) -> Iterator[Change]:
    yield _shipment_ended(event.order_id, ShipmentState.FAILED, event.ended_at)


def shipment_snapshot(event: ShipmentSnapshot) -> Iterator[Change]:
    yield put(
        shipments,
        order_id=event.order_id,
        state=event.state,
        scheduled_at=event.scheduled_at,
        dispatched_at=event.dispatched_at,
        ended_at=event.ended_at,
    )


def _lines(event: OrderPlaced | OrderSnapshot) -> Iterator[Change]:
    """They never change, so that a snapshot puts what is there."""
    for number, line in enumerate(event.lines, start=1):
        yield put(
            order_lines,
            order_id=event.order_id,
            number=number,
            product_id=line.product_id,
            quantity=line.quantity,
            unit_price=line.unit_price,
        )


def _ended(event: OrderEvent, state: OrderState, at: datetime | None) -> Change:
    return put(
        orders,
        order_id=event.order_id,
        customer_id=event.customer_id,
        state=state,
        ended_at=at,
    )


def _shipment_ended(order_id: UUID, state: ShipmentState, at: datetime) -> Change:
    return put(shipments, order_id=order_id, state=state, ended_at=at)
