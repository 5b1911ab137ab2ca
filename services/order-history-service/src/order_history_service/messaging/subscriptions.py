"""The events that the history is made of, and the snapshots that stand for those that are gone.

These are its own copies of the others' contracts: the fields that it shows and no more.
"""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from chassis.messaging.contracts import Event
from order_history_service.domain.states import OrderState, ShipmentState


class OrderedLine(BaseModel):
    """So many of a product, at the price agreed."""

    model_config = ConfigDict(frozen=True)

    product_id: str
    quantity: int
    unit_price: Decimal


class OrderEvent(Event):
    order_id: UUID
    customer_id: str


class OrderPlaced(OrderEvent, type="order.OrderPlaced.v1", key="order_id"):
    lines: tuple[OrderedLine, ...]
    total: Decimal
    placed_at: datetime


class OrderApproved(OrderEvent, type="order.OrderApproved.v1", key="order_id"):
    decided_at: datetime


class OrderRejected(OrderEvent, type="order.OrderRejected.v1", key="order_id"):
    rejection_reason: str
    decided_at: datetime


class OrderDelivered(OrderEvent, type="order.OrderDelivered.v1", key="order_id"):
    ended_at: datetime | None = None


class OrderUndelivered(OrderEvent, type="order.OrderUndelivered.v1", key="order_id"):
    ended_at: datetime | None = None


class OrderCancelled(OrderEvent, type="order.OrderCancelled.v1", key="order_id"):
    ended_at: datetime | None = None


class OrderSnapshot(OrderEvent, type="order.OrderSnapshot.v1", key="order_id"):
    lines: tuple[OrderedLine, ...]
    total: Decimal
    state: OrderState
    rejection_reason: str | None
    placed_at: datetime
    decided_at: datetime | None
    ended_at: datetime | None


class CustomerRegistered(Event, type="customer.CustomerRegistered.v1", key="customer_id"):
    customer_id: str
    name: str
    country: str


class CustomerSnapshot(Event, type="customer.CustomerSnapshot.v1", key="customer_id"):
    customer_id: str
    name: str
    country: str


class ProductRegistered(Event, type="inventory.ProductRegistered.v1", key="product_id"):
    product_id: str
    name: str


class ProductSnapshot(Event, type="inventory.ProductSnapshot.v1", key="product_id"):
    product_id: str
    name: str


class ShipmentScheduled(Event, type="shipping.ShipmentScheduled.v1", key="order_id"):
    order_id: UUID
    scheduled_at: datetime


class ShipmentWithheld(Event, type="shipping.ShipmentWithheld.v1", key="order_id"):
    order_id: UUID
    ended_at: datetime


class ShipmentDispatched(Event, type="shipping.ShipmentDispatched.v1", key="order_id"):
    order_id: UUID
    dispatched_at: datetime


class ShipmentDelivered(Event, type="shipping.ShipmentDelivered.v1", key="order_id"):
    order_id: UUID
    ended_at: datetime


class ShipmentFailed(Event, type="shipping.ShipmentFailed.v1", key="order_id"):
    order_id: UUID
    ended_at: datetime


class ShipmentSnapshot(Event, type="shipping.ShipmentSnapshot.v1", key="order_id"):
    order_id: UUID
    state: ShipmentState
    scheduled_at: datetime
    dispatched_at: datetime | None
    ended_at: datetime | None
