"""The HTTP interface: customers and the credit that their orders take up."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from chassis.http import Transaction, Validators, documented, revalidated
from chassis.http.registering import answer_registered, registering
from chassis.values import Reference
from customer_service.http.models import CustomerAnswer, CustomerDetails, ReservationAnswer
from customer_service.http.problems import CREDIT_LIMIT_TOO_LOW, CUSTOMER_NOT_FOUND
from customer_service.persistence.customers import customers_after, get_customer, reservations_of
from customer_service.use_cases.register_customer import register_customer

router = APIRouter(prefix="/customers", tags=["customers"])


@router.put(
    "/{customer_id}",
    responses=registering(CustomerAnswer, "The customer is new") | documented(CREDIT_LIMIT_TOO_LOW),
)
async def put_customer(
    customer_id: Reference, details: CustomerDetails, session: Transaction, response: Response
) -> CustomerAnswer:
    """Register a customer, or correct name, country and credit limit."""
    customer, is_new = await register_customer(
        session,
        customer_id=customer_id,
        name=details.name,
        country=details.country,
        credit_limit=details.credit_limit,
    )
    answer_registered(response, session, is_new=is_new)
    return CustomerAnswer.model_validate(customer)


@router.get(
    "/{customer_id}",
    response_model=CustomerAnswer,
    responses=revalidated() | documented(CUSTOMER_NOT_FOUND),
)
async def show_customer(
    customer_id: Reference, session: Transaction, validators: Validators
) -> Response:
    """One customer."""
    customer = await get_customer(session, customer_id)
    return validators.answer(CustomerAnswer.model_validate(customer))


@router.get("")
async def list_customers(
    session: Transaction,
    after: Annotated[Reference | None, Query(description="Last number of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 500,
) -> list[CustomerAnswer]:
    """Customers in the order of their numbers, a page at a time."""
    page = await customers_after(session, after, limit)
    return [CustomerAnswer.model_validate(customer) for customer in page]


@router.get("/{customer_id}/reservations", responses=documented(CUSTOMER_NOT_FOUND))
async def list_reservations(
    customer_id: Reference, session: Transaction
) -> list[ReservationAnswer]:
    """The credit reservations of all the customer's orders, in the order of their placing."""
    await get_customer(session, customer_id)
    reservations = await reservations_of(session, customer_id)
    return [ReservationAnswer.model_validate(reservation) for reservation in reservations]
