"""What order-history-service gives over HTTP."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from chassis.values import Money, Sum
from order_history_service.domain.states import OrderState, ShipmentState
from order_history_service.queries.orders import Page


class ItemAnswer(BaseModel):
    """So many of a product; without a name while the product's registration is not here."""

    model_config = ConfigDict(from_attributes=True)

    product_id: str
    product_name: str | None
    quantity: int
    unit_price: Money


class StateChangeAnswer(BaseModel):
    """A state that the order came into; `at` is null where its time was not kept."""

    model_config = ConfigDict(from_attributes=True)

    state: OrderState
    at: datetime | None


class ShipmentAnswer(BaseModel):
    """How far the goods have come; `ended_at` goes with the last state."""

    model_config = ConfigDict(from_attributes=True)

    state: ShipmentState
    scheduled_at: datetime | None
    dispatched_at: datetime | None
    ended_at: datetime | None


class OrderAnswer(BaseModel):
    """What a customer ordered, and what became of it so far."""

    model_config = ConfigDict(from_attributes=True)

    order_id: UUID
    customer_id: str
    customer_name: str | None
    state: OrderState
    rejection_reason: str | None
    total: Money
    placed_at: datetime
    decided_at: datetime | None
    ended_at: datetime | None
    items: tuple[ItemAnswer, ...]
    changes: tuple[StateChangeAnswer, ...]
    shipment: Annotated[
        ShipmentAnswer | None, Field(description="From the scheduling of its pickup on")
    ]


class OrderPageAnswer(BaseModel):
    """Orders, newest first."""

    orders: tuple[OrderAnswer, ...]
    next_cursor: Annotated[
        str | None, Field(description="Gives the next page as `cursor`; null on the last one")
    ]

    @classmethod
    def of(cls, page: Page) -> Self:
        return cls(
            orders=tuple(OrderAnswer.model_validate(order) for order in page.orders),
            next_cursor=page.following and page.following.cursor,
        )


class TallyAnswer(BaseModel):
    """So many orders, and what they come to together."""

    model_config = ConfigDict(from_attributes=True)

    orders: int
    total: Sum


class SummaryAnswer(BaseModel):
    """What a customer's orders come to, as far as their events have arrived."""

    model_config = ConfigDict(from_attributes=True)

    customer_id: str
    name: str | None
    country: str | None
    orders: int
    spent: Annotated[Sum, Field(description="For delivered orders")]
    open: Annotated[Sum, Field(description="For orders that are pending or approved")]
    cancelled: Annotated[Sum, Field(description="For cancelled orders")]
    by_state: Annotated[
        dict[OrderState, TallyAnswer], Field(description="Only states in which there are orders")
    ]
