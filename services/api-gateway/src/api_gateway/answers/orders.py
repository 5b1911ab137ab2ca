"""order-service."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, TypeAdapter

from chassis.values import Money

OrderState = Annotated[str, Field(examples=["APPROVED"])]


class OrderLine(BaseModel):
    """So many of a product, at the price agreed."""

    product_id: Annotated[str, Field(examples=["11"])]
    quantity: Annotated[int, Field(examples=[12])]
    unit_price: Annotated[Money, Field(examples=["14.00"])]


class PlacedOrder(BaseModel):
    """An order that was accepted and is being decided."""

    order_id: UUID
    customer_id: Annotated[str, Field(examples=["ALFKI"])]
    state: OrderState
    total: Annotated[Money, Field(examples=["168.00"])]
    placed_at: datetime


class Awaited(BaseModel):
    """What has to happen next for it, since when, and by when."""

    flow: Annotated[str, Field(examples=["fulfilment"])]
    awaits: Annotated[str, Field(examples=["ShipmentScheduled"])]
    since: datetime
    due_at: datetime
    overdue: bool


class Order(PlacedOrder):
    """An order, and what became of it."""

    rejection_reason: Annotated[str | None, Field(examples=["OUT_OF_STOCK"])] = None
    lines: tuple[OrderLine, ...]
    decided_at: datetime | None = None
    ended_at: datetime | None = None
    waits_for: tuple[Awaited, ...] = ()


PLACED_ORDER = TypeAdapter(PlacedOrder)
ORDER = TypeAdapter(Order)
