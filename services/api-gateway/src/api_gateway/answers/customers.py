"""customer-service."""

from typing import Annotated

from pydantic import BaseModel, Field, TypeAdapter

from chassis.values import Money


class Customer(BaseModel):
    """A customer, and what is left of the credit limit."""

    customer_id: Annotated[str, Field(examples=["ALFKI"])]
    name: Annotated[str, Field(examples=["Alfreds Futterkiste"])]
    country: Annotated[str, Field(examples=["Germany"])]
    credit_limit: Annotated[Money, Field(examples=["1000.00"])]
    reserved: Money
    confirmed: Money
    available: Money


CUSTOMER = TypeAdapter(Customer)
CUSTOMERS = TypeAdapter(tuple[Customer, ...])
