"""What inventory-service takes and gives over HTTP."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from chassis.values import WHOLE, Name
from inventory_service.domain.stock_reservation import ReservationState


class ProductDetails(BaseModel):
    """What is known of a product from outside."""

    name: Name
    on_hand: Annotated[int, Field(ge=0, le=1_000_000_000, strict=True, examples=[39]), WHOLE]


class ProductAnswer(BaseModel):
    """A product, and what is left of it."""

    model_config = ConfigDict(from_attributes=True)

    product_id: str
    name: str
    on_hand: int
    reserved: int
    available: int


class ReservationAnswer(BaseModel):
    """The stock of a product that one order takes up, or took up."""

    model_config = ConfigDict(from_attributes=True)

    order_id: UUID
    quantity: int
    state: ReservationState


class OrderReservationAnswer(BaseModel):
    """The stock of one product that the order takes up, or took up."""

    model_config = ConfigDict(from_attributes=True)

    product_id: str
    quantity: int
    state: ReservationState
