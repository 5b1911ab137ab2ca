"""Register a customer, or correct what is known of one."""

from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.outbox.publishing import publish
from chassis.persistence.adding import add_if_new
from customer_service.domain.customer import Customer
from customer_service.messaging.contracts import CustomerRegistered
from customer_service.persistence.customers import get_customer


async def register_customer(
    session: AsyncSession, *, customer_id: str, name: str, country: str, credit_limit: Decimal
) -> tuple[Customer, bool]:
    """The customer as it is now, and whether it is new; publishes CustomerRegistered.

    Raises CreditLimitTooLowError for a limit below what the customer's orders have taken up.
    """
    customer = Customer(
        customer_id=customer_id, name=name, country=country, credit_limit=credit_limit
    )
    is_new = await add_if_new(session, customer)
    if not is_new:
        customer = await get_customer(session, customer_id, lock=True)
        customer.change(name=name, country=country, credit_limit=credit_limit)
    publish(session, CustomerRegistered.model_validate(customer))
    return customer, is_new
