"""The events that order-service reacts to.

These are its own copies of the others' contracts: the fields that it needs and no more.
"""

from uuid import UUID

from chassis.messaging.contracts import Event


class ShipmentScheduled(Event, type="shipping.ShipmentScheduled.v1", key="order_id"):
    order_id: UUID


class ShipmentDelivered(Event, type="shipping.ShipmentDelivered.v1", key="order_id"):
    order_id: UUID


class ShipmentFailed(Event, type="shipping.ShipmentFailed.v1", key="order_id"):
    order_id: UUID


class GoodsIssued(Event, type="inventory.GoodsIssued.v1", key="order_id"):
    order_id: UUID


class GoodsRestocked(Event, type="inventory.GoodsRestocked.v1", key="order_id"):
    order_id: UUID


class CreditReturned(Event, type="customer.CreditReturned.v1", key="customer_id"):
    customer_id: str
    order_id: UUID
