"""inventory-service."""

from typing import Annotated

from pydantic import BaseModel, Field, TypeAdapter


class Product(BaseModel):
    """A product, and what is left of it."""

    product_id: Annotated[str, Field(examples=["11"])]
    name: Annotated[str, Field(examples=["Queso Cabrales"])]
    on_hand: int
    reserved: int
    available: int


class StockReservation(BaseModel):
    """The stock of one product that an order takes up, or took up."""

    product_id: str
    quantity: int
    state: Annotated[str, Field(examples=["RESERVED"])]


PRODUCT = TypeAdapter(Product)
PRODUCTS = TypeAdapter(tuple[Product, ...])
STOCK_RESERVATIONS = TypeAdapter(tuple[StockReservation, ...])
