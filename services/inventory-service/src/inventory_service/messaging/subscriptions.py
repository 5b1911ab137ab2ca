"""The events that inventory-service reacts to.

These are its own copies of shipping-service's contracts: the fields that it needs and no more.
"""

from uuid import UUID

from pydantic import BaseModel, ConfigDict

from chassis.messaging.contracts import Event


class ShippedLine(BaseModel):
    """Which product is shipped; how much of it, the reservation says."""

    model_config = ConfigDict(frozen=True)

    product_id: str


class ShipmentEvent(Event):
    order_id: UUID
    lines: tuple[ShippedLine, ...]

    @property
    def product_ids(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(line.product_id for line in self.lines))


class ShipmentScheduled(ShipmentEvent, type="shipping.ShipmentScheduled.v1", key="order_id"):
    pass


class ShipmentFailed(ShipmentEvent, type="shipping.ShipmentFailed.v1", key="order_id"):
    pass
