"""What customer-service takes and gives over HTTP."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from chassis.values import Given, Money, Name, PositiveMoney
from customer_service.domain.credit_reservation import ReservationState


class CustomerDetails(BaseModel):
    """What is known of a customer from outside."""

    name: Name
    country: Name
    credit_limit: Annotated[Money, Given(zero=True), Field(examples=["1000.00"])]


class CustomerAnswer(BaseModel):
    """A customer, and what is left of the credit limit."""

    model_config = ConfigDict(from_attributes=True)

    customer_id: str
    name: str
    country: str
    credit_limit: Money
    reserved: Money
    confirmed: Money
    available: Money


class ReservationAnswer(BaseModel):
    """The credit that one order takes up, or took up."""

    model_config = ConfigDict(from_attributes=True)

    order_id: UUID
    amount: PositiveMoney
    state: ReservationState
