"""The events that order-service publishes on `order.events`, in the order of each order's life."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict

from chassis import snapshots
from chassis.messaging.contracts import Event
from chassis.values import Money, PositiveMoney, Reference
from order_service.domain.order import OrderState, RejectionReason

ToldState = Literal[
    OrderState.PENDING,
    OrderState.APPROVED,
    OrderState.REJECTED,
    OrderState.CANCELLED,
    OrderState.DELIVERED,
    OrderState.UNDELIVERED,
]


class OrderedLine(BaseModel):
    """So many of a product, at the price agreed."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    product_id: Reference
    quantity: int
    unit_price: PositiveMoney


class OrderEvent(Event):
    """Something that happened to an order of a customer; made from the order as it is then."""

    model_config = ConfigDict(from_attributes=True)

    order_id: UUID
    customer_id: Reference


class OrderPlaced(OrderEvent, type="order.OrderPlaced.v1", key="order_id"):
    """An order was accepted; whether there is credit and stock for it is not decided yet."""

    lines: tuple[OrderedLine, ...]
    total: Money
    placed_at: datetime


class OrderApproved(OrderEvent, type="order.OrderApproved.v1", key="order_id"):
    """Credit and stock are taken; the order can be fulfilled."""

    lines: tuple[OrderedLine, ...]
    total: Money
    decided_at: datetime


class OrderRejected(OrderEvent, type="order.OrderRejected.v1", key="order_id"):
    """The order takes neither credit nor stock."""

    rejection_reason: RejectionReason
    decided_at: datetime


class OrderEnded(OrderEvent):
    """`ended_at` is not known of orders that ended before it was kept."""

    ended_at: datetime | None = None


class OrderDelivered(OrderEnded, type="order.OrderDelivered.v1", key="order_id"):
    """The customer has the goods."""


class OrderUndelivered(OrderEnded, type="order.OrderUndelivered.v1", key="order_id"):
    """The goods could not be delivered and come back; the customer owes nothing for them."""


class OrderCancelled(OrderEnded, type="order.OrderCancelled.v1", key="order_id"):
    """An approved order was cancelled; its credit and stock were given back."""


def _told(state: OrderState) -> OrderState:
    """No event tells that a cancellation has begun, or was undone."""
    return OrderState.APPROVED if state is OrderState.CANCEL_PENDING else state


class OrderSnapshot(snapshots.Snapshot, type="order.OrderSnapshot.v1", key="order_id"):
    """An order as the events above have told it up to here."""

    order_id: UUID
    customer_id: Reference
    lines: tuple[OrderedLine, ...]
    total: Money
    state: Annotated[ToldState, BeforeValidator(_told)]
    rejection_reason: RejectionReason | None
    placed_at: datetime
    decided_at: datetime | None
    ended_at: datetime | None


class SnapshotTaken(snapshots.SnapshotTaken, type="order.SnapshotTaken.v1"):
    """All orders have been published as snapshots."""
