"""shipping-service."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field, TypeAdapter


class Shipment(BaseModel):
    """An order's shipment, and when it came how far."""

    state: Annotated[str, Field(examples=["DISPATCHED"])]
    requested_at: datetime
    scheduled_at: datetime | None = None
    dispatched_at: datetime | None = None
    ended_at: datetime | None = None


SHIPMENT = TypeAdapter(Shipment)
