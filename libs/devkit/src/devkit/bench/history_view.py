"""A view as the history of orders is one, and the events that it is built from."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import Column, DateTime, Index, Integer, MetaData, Numeric, Table, Text, Uuid

from chassis.messaging.contracts import Event
from chassis.messaging.topology import ServiceTopology, Stream, events
from chassis.views import VIEW_SCHEMA, Change, View, on, put

ORDERS: Final = events("order")
SHIPMENTS: Final = events("shipping")
OWNERS: Final = tuple(
    ServiceTopology(
        service=f"{channel.context}-service",
        context=channel.context,
        streams=(Stream(channel=channel),),
    )
    for channel in (ORDERS, SHIPMENTS)
)
READER: Final = ServiceTopology(service="bench-service", context="bench", reads=(ORDERS, SHIPMENTS))


class Line(BaseModel):
    product_id: str
    quantity: int
    unit_price: Decimal


class OrderPlaced(Event, type="order.OrderPlaced.v1", key="order_id"):
    order_id: UUID
    customer_id: str
    lines: tuple[Line, ...]
    total: Decimal
    placed_at: datetime


class OrderApproved(Event, type="order.OrderApproved.v1", key="order_id"):
    order_id: UUID
    decided_at: datetime


class OrderDelivered(Event, type="order.OrderDelivered.v1", key="order_id"):
    order_id: UUID
    ended_at: datetime


class ShipmentScheduled(Event, type="shipping.ShipmentScheduled.v1", key="order_id"):
    order_id: UUID
    scheduled_at: datetime


class ShipmentDispatched(Event, type="shipping.ShipmentDispatched.v1", key="order_id"):
    order_id: UUID
    tracking_number: str
    dispatched_at: datetime


TABLES: Final = MetaData(schema=VIEW_SCHEMA)
orders = Table(
    "orders",
    TABLES,
    Column("order_id", Uuid, primary_key=True),
    Column("customer_id", Text),
    Column("total", Numeric(14, 2)),
    Column("state", Text),
    Column("placed_at", DateTime(timezone=True)),
    Column("decided_at", DateTime(timezone=True)),
    Column("ended_at", DateTime(timezone=True)),
    Column("scheduled_at", DateTime(timezone=True)),
    Column("dispatched_at", DateTime(timezone=True)),
    Column("tracking_number", Text),
    Index("orders_of_customer", "customer_id", "placed_at", "order_id"),
)
order_lines = Table(
    "order_lines",
    TABLES,
    Column("order_id", Uuid, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("product_id", Text),
    Column("quantity", Integer),
    Column("unit_price", Numeric(14, 2)),
)
changes = Table(
    "order_changes",
    TABLES,
    Column("order_id", Uuid, primary_key=True),
    Column("state", Text, primary_key=True),
    Column("at", DateTime(timezone=True)),
)


def order_placed(event: OrderPlaced) -> Iterator[Change]:
    yield put(
        orders,
        order_id=event.order_id,
        customer_id=event.customer_id,
        total=event.total,
        state="PENDING",
        placed_at=event.placed_at,
    )
    for position, line in enumerate(event.lines):
        yield put(
            order_lines,
            order_id=event.order_id,
            position=position,
            product_id=line.product_id,
            quantity=line.quantity,
            unit_price=line.unit_price,
        )
    yield put(changes, order_id=event.order_id, state="PENDING", at=event.placed_at)


def order_approved(event: OrderApproved) -> Iterator[Change]:
    yield put(orders, order_id=event.order_id, state="APPROVED", decided_at=event.decided_at)
    yield put(changes, order_id=event.order_id, state="APPROVED", at=event.decided_at)


def order_delivered(event: OrderDelivered) -> Iterator[Change]:
    yield put(orders, order_id=event.order_id, state="DELIVERED", ended_at=event.ended_at)
    yield put(changes, order_id=event.order_id, state="DELIVERED", at=event.ended_at)


def shipment_scheduled(event: ShipmentScheduled) -> Iterator[Change]:
    yield put(orders, order_id=event.order_id, scheduled_at=event.scheduled_at)


def shipment_dispatched(event: ShipmentDispatched) -> Iterator[Change]:
    yield put(
        orders,
        order_id=event.order_id,
        dispatched_at=event.dispatched_at,
        tracking_number=event.tracking_number,
    )


HISTORY: Final = View(
    name="bench_history",
    version=1,
    tables=TABLES,
    projections=(
        on(OrderPlaced, order_placed),
        on(OrderApproved, order_approved),
        on(OrderDelivered, order_delivered),
        on(ShipmentScheduled, shipment_scheduled),
        on(ShipmentDispatched, shipment_dispatched),
    ),
)
EVENTS_OF_AN_ORDER: Final = 5


def order_of(order_id: UUID, number: int, at: datetime) -> tuple[Event, ...]:
    """Everything that happens to one order, which has two lines."""
    lines = tuple(
        Line(product_id=f"product-{(number + n) % 500}", quantity=n, unit_price=Decimal("12.50"))
        for n in (1, 2)
    )
    return (
        OrderPlaced(
            order_id=order_id,
            customer_id=f"customer-{number % 1000}",
            lines=lines,
            total=Decimal("37.50"),
            placed_at=at,
        ),
        OrderApproved(order_id=order_id, decided_at=at),
        ShipmentScheduled(order_id=order_id, scheduled_at=at),
        ShipmentDispatched(order_id=order_id, tracking_number=f"T-{number}", dispatched_at=at),
        OrderDelivered(order_id=order_id, ended_at=at),
    )
