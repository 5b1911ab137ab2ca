"""Finding and keeping customers."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from customer_service.domain.credit_reservation import CreditReservation
from customer_service.domain.customer import Customer
from customer_service.domain.errors import CreditNotReservedError, CustomerNotFoundError
from customer_service.persistence.tables import credit_reservations, customers


async def get_customer(session: AsyncSession, customer_id: str, *, lock: bool = False) -> Customer:
    """The customer, with `lock` until the transaction ends; raises CustomerNotFoundError."""
    customer = await session.get(Customer, customer_id, with_for_update=lock or None)
    if customer is None:
        raise CustomerNotFoundError(customer_id)
    return customer


async def get_reservation(session: AsyncSession, order_id: UUID) -> CreditReservation:
    """The credit that an order holds or held; raises CreditNotReservedError."""
    reservation = await session.get(CreditReservation, order_id)
    if reservation is None:
        raise CreditNotReservedError(order_id)
    return reservation


async def customers_after(
    session: AsyncSession, after: str | None, limit: int
) -> Sequence[Customer]:
    """A page of customers in the order of their numbers."""
    statement = select(Customer).order_by(customers.c.customer_id).limit(limit)
    if after is not None:
        statement = statement.where(customers.c.customer_id > after)
    return (await session.scalars(statement)).all()


async def reservations_of(session: AsyncSession, customer_id: str) -> Sequence[CreditReservation]:
    """All of a customer's reservations, in the order of their orders."""
    statement = (
        select(CreditReservation)
        .where(credit_reservations.c.customer_id == customer_id)
        .order_by(credit_reservations.c.order_id)
    )
    return (await session.scalars(statement)).all()
