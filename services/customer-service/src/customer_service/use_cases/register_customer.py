"""Register a customer, or correct what is known of one."""

from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncSession

from customer_service.domain.customer import Customer
from customer_service.persistence.customers import add_if_new, get_customer


async def register_customer(
    session: AsyncSession, *, customer_id: str, name: str, country: str, credit_limit: Decimal
) -> tuple[Customer, bool]:
    """The customer as it is now, and whether it is new.

    Raises CreditLimitTooLowError for a limit below what the customer's orders have taken up.
    """
    customer = Customer(
        customer_id=customer_id, name=name, country=country, credit_limit=credit_limit
    )
    if await add_if_new(session, customer):
        return customer, True
    known = await get_customer(session, customer_id, lock=True)
    known.change(name=name, country=country, credit_limit=credit_limit)
    return known, False
