"""Customers: master data."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from api_gateway.access import Caller, Reader, Staff
from api_gateway.answers.customers import Customer
from api_gateway.http.answering import passed_on
from api_gateway.http.deadlines import RequestDeadline
from api_gateway.http.orders import AllServices
from api_gateway.http.problems import (
    CUSTOMER_NOT_FOUND,
    EVERYWHERE,
    CustomerNotFoundError,
    refusals,
    registered,
)
from chassis.http import Validators, documented, revalidated
from chassis.values import Given, Money, Name, Reference

router = APIRouter(prefix="/customers", tags=["customers"], responses=EVERYWHERE)


class CustomerDetails(BaseModel):
    """What is known of a customer from outside."""

    name: Annotated[Name, Field(examples=["Alfreds Futterkiste"])]
    country: Annotated[Name, Field(examples=["Germany"])]
    credit_limit: Annotated[Money, Given(zero=True), Field(examples=["1000.00"])]


@router.put(
    "/{customer_id}",
    response_model=Customer,
    responses=registered("The customer is new", Customer)
    | refusals(_409="The credit limit is below what orders have taken up"),
)
async def put_customer(
    customer_id: Reference,
    details: CustomerDetails,
    _: Staff,
    services: AllServices,
    deadline: RequestDeadline,
) -> Response:
    """Register a customer, or correct name, country and credit limit."""
    return passed_on(await services.customers.put(customer_id, details, deadline))


@router.get(
    "/{customer_id}",
    response_model=Customer,
    responses=revalidated() | documented(CUSTOMER_NOT_FOUND),
)
async def show_customer(
    customer_id: Reference,
    caller: Reader,
    services: AllServices,
    deadline: RequestDeadline,
    validators: Validators,
) -> Response:
    """One customer, and what is left of the credit limit."""
    check(caller, customer_id)
    return validators.answer(await services.customers.customer(customer_id, deadline))


@router.get("", response_model=list[Customer])
async def list_customers(
    _: Staff,
    services: AllServices,
    deadline: RequestDeadline,
    after: Annotated[Reference | None, Query(description="Last number of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 500,
) -> tuple[Customer, ...]:
    """Customers in the order of their numbers, a page at a time."""
    return await services.customers.page(after, limit, deadline)


def check(caller: Caller, customer_id: str) -> None:
    """Raises CustomerNotFoundError where the caller may not even know whether there is one."""
    if not caller.may_see(customer_id):
        raise CustomerNotFoundError(customer_id)
