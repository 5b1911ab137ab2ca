"""The events that shipping-service reacts to.

These are its own copies of the others' contracts: the fields that it needs and no more.
"""

from uuid import UUID

from pydantic import BaseModel, ConfigDict

from chassis.messaging.contracts import Event


class OrderedLine(BaseModel):
    """So many of a product."""

    model_config = ConfigDict(frozen=True)

    product_id: str
    quantity: int


class OrderApproved(Event, type="order.OrderApproved.v1", key="order_id"):
    order_id: UUID
    customer_id: str
    lines: tuple[OrderedLine, ...]


class GoodsIssued(Event, type="inventory.GoodsIssued.v1", key="order_id"):
    order_id: UUID


class GoodsWithheld(Event, type="inventory.GoodsWithheld.v1", key="order_id"):
    order_id: UUID
