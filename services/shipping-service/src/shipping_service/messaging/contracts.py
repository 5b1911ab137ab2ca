"""The events that shipping-service publishes on `shipping.events`, as a shipment goes its way.

All are keyed by order, since an order has one shipment.
"""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from chassis import snapshots
from chassis.messaging.contracts import Event
from chassis.values import Reference
from shipping_service.domain.shipment import ShipmentState

ToldState = Literal[
    ShipmentState.SCHEDULED,
    ShipmentState.DISPATCHED,
    ShipmentState.DELIVERED,
    ShipmentState.FAILED,
    ShipmentState.WITHHELD,
]


class ShippedLine(BaseModel):
    """So many of a product."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    product_id: Reference
    quantity: int


class ShipmentEvent(Event):
    """Something that happened to a shipment; made from the shipment as it is then."""

    model_config = ConfigDict(from_attributes=True)

    order_id: UUID
    customer_id: Reference
    lines: tuple[ShippedLine, ...]


class ShipmentScheduled(ShipmentEvent, type="shipping.ShipmentScheduled.v1", key="order_id"):
    """The carrier comes for the goods now: they may be issued to it, or be withheld."""

    scheduled_at: datetime


class ShipmentWithheld(ShipmentEvent, type="shipping.ShipmentWithheld.v1", key="order_id"):
    """The carrier left without the goods, because the order was cancelled."""

    ended_at: datetime


class ShipmentDispatched(ShipmentEvent, type="shipping.ShipmentDispatched.v1", key="order_id"):
    """The goods are with the carrier."""

    dispatched_at: datetime


class ShipmentDelivered(ShipmentEvent, type="shipping.ShipmentDelivered.v1", key="order_id"):
    """The goods are with the customer."""

    ended_at: datetime


class ShipmentFailed(ShipmentEvent, type="shipping.ShipmentFailed.v1", key="order_id"):
    """The goods could not be delivered and come back."""

    ended_at: datetime


class ShipmentSnapshot(snapshots.Snapshot, type="shipping.ShipmentSnapshot.v1", key="order_id"):
    """A shipment as the events above have told it up to here; none has told of a requested one."""

    order_id: UUID
    customer_id: Reference
    lines: tuple[ShippedLine, ...]
    state: ToldState
    scheduled_at: datetime
    dispatched_at: datetime | None
    ended_at: datetime | None


class SnapshotTaken(snapshots.SnapshotTaken, type="shipping.SnapshotTaken.v1"):
    """All shipments have been published as snapshots."""
