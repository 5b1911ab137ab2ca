"""What shipping-service gives over HTTP."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shipping_service.domain.shipment import ShipmentState


class LineAnswer(BaseModel):
    """So many of a product."""

    model_config = ConfigDict(from_attributes=True)

    product_id: str
    quantity: int


class ShipmentAnswer(BaseModel):
    """An order's shipment, and when it came how far; `ended_at` goes with its last state."""

    model_config = ConfigDict(from_attributes=True)

    order_id: UUID
    customer_id: str
    lines: tuple[LineAnswer, ...]
    state: ShipmentState
    requested_at: datetime
    scheduled_at: datetime | None
    dispatched_at: datetime | None
    ended_at: datetime | None
