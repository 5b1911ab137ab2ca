"""The events that customer-service reacts to.

These are its own copies of order-service's contracts: the fields that it needs and no more.
"""

from uuid import UUID

from chassis.messaging.contracts import Event


class OrderUndelivered(Event, type="order.OrderUndelivered.v1", key="order_id"):
    order_id: UUID
    customer_id: str
