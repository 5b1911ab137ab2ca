"""What customer-service does with each command: ask the domain, and say its answer as a reply.

Customers and reservations are loaded and locked for a whole batch of commands beforehand; see
COMMAND_HANDLERS.
"""

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.consumers.handlers import handle
from chassis.persistence.loading import load
from customer_service.domain.credit_reservation import CreditReservation
from customer_service.domain.customer import Customer
from customer_service.domain.errors import (
    CreditLimitExceededError,
    CreditNotReservedError,
    CustomerNotFoundError,
)
from customer_service.messaging.contracts import (
    ConfirmCredit,
    CreditConfirmed,
    CreditLimitExceeded,
    CreditNotReserved,
    CreditReleased,
    CreditReserved,
    CustomerNotFound,
    ReleaseCredit,
    ReserveCredit,
)
from customer_service.persistence.customers import get_customer, get_reservation


async def reserve_credit(
    command: ReserveCredit, session: AsyncSession
) -> CreditReserved | CreditLimitExceeded | CustomerNotFound:
    try:
        customer = await get_customer(session, command.customer_id)
        session.add(customer.reserve_credit(command.order_id, command.amount))
    except CustomerNotFoundError:
        return CustomerNotFound(customer_id=command.customer_id)
    except CreditLimitExceededError as error:
        return CreditLimitExceeded(order_id=command.order_id, available=error.available)
    return CreditReserved(order_id=command.order_id)


async def confirm_credit(
    command: ConfirmCredit, session: AsyncSession
) -> CreditConfirmed | CreditNotReserved | CustomerNotFound:
    try:
        customer = await get_customer(session, command.customer_id)
        customer.confirm_credit(await get_reservation(session, command.order_id))
    except CustomerNotFoundError:
        return CustomerNotFound(customer_id=command.customer_id)
    except CreditNotReservedError:
        return CreditNotReserved(order_id=command.order_id)
    return CreditConfirmed(order_id=command.order_id)


async def release_credit(
    command: ReleaseCredit, session: AsyncSession
) -> CreditReleased | CreditNotReserved | CustomerNotFound:
    try:
        customer = await get_customer(session, command.customer_id)
        customer.release_credit(await get_reservation(session, command.order_id))
    except CustomerNotFoundError:
        return CustomerNotFound(customer_id=command.customer_id)
    except CreditNotReservedError:
        return CreditNotReserved(order_id=command.order_id)
    return CreditReleased(order_id=command.order_id)


_CUSTOMER = load(Customer, by=lambda command: command.customer_id)
_RESERVATION = load(CreditReservation, by=lambda command: command.order_id)

COMMAND_HANDLERS = (
    handle(ReserveCredit, reserve_credit, loads=(_CUSTOMER,)),
    handle(ConfirmCredit, confirm_credit, loads=(_CUSTOMER, _RESERVATION)),
    handle(ReleaseCredit, release_credit, loads=(_CUSTOMER, _RESERVATION)),
)
