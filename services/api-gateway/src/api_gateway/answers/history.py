"""order-history-service."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, TypeAdapter

from api_gateway.answers.orders import OrderLine, OrderState
from chassis.values import Money, Sum


class StateChange(BaseModel):
    """A state that an order came into; `at` is null where its time was not kept."""

    state: OrderState
    at: datetime | None


class OrderHistory(BaseModel):
    """What became of one order."""

    changes: tuple[StateChange, ...]


class Item(OrderLine):
    """So many of a product; without a name while the product is not known to the history."""

    product_name: Annotated[str | None, Field(examples=["Queso Cabrales"])]


class ShipmentProgress(BaseModel):
    """How far the goods have come; `ended_at` goes with the last state."""

    state: Annotated[str, Field(examples=["DISPATCHED"])]
    scheduled_at: datetime | None = None
    dispatched_at: datetime | None = None
    ended_at: datetime | None = None


class PastOrder(OrderHistory):
    """What a customer ordered, and what became of it so far."""

    order_id: UUID
    customer_id: Annotated[str, Field(examples=["ALFKI"])]
    customer_name: Annotated[str | None, Field(examples=["Alfreds Futterkiste"])]
    state: OrderState
    rejection_reason: Annotated[str | None, Field(examples=["OUT_OF_STOCK"])] = None
    total: Annotated[Money, Field(examples=["168.00"])]
    placed_at: datetime
    decided_at: datetime | None = None
    ended_at: datetime | None = None
    items: tuple[Item, ...]
    shipment: ShipmentProgress | None = None


class OrderPage(BaseModel):
    """Orders, newest first."""

    orders: tuple[PastOrder, ...]
    next_cursor: Annotated[
        str | None, Field(description="Gives the next page as `cursor`; null on the last one")
    ]


class Tally(BaseModel):
    """So many orders, and what they come to together."""

    orders: int
    total: Sum


class Summary(BaseModel):
    """What a customer's orders come to, as far as they have arrived in the history."""

    customer_id: Annotated[str, Field(examples=["ALFKI"])]
    name: str | None
    country: str | None
    orders: int
    spent: Annotated[Sum, Field(description="For delivered orders")]
    open: Annotated[Sum, Field(description="For orders that are pending or approved")]
    cancelled: Annotated[Sum, Field(description="For cancelled orders")]
    by_state: Annotated[
        dict[str, Tally], Field(description="Only states in which there are orders")
    ]


ORDER_HISTORY = TypeAdapter(OrderHistory)
ORDER_PAGE = TypeAdapter(OrderPage)
SUMMARY = TypeAdapter(Summary)
