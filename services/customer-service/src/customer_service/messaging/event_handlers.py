"""What customer-service does about each event; the table is at the end."""

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.consumers.handlers import handle
from chassis.outbox.publishing import publish
from chassis.persistence.loading import load
from customer_service.domain.credit_reservation import CreditReservation
from customer_service.domain.customer import Customer
from customer_service.messaging.contracts import CreditReturned
from customer_service.messaging.subscriptions import OrderUndelivered
from customer_service.persistence.customers import get_customer, get_reservation


async def return_credit(event: OrderUndelivered, session: AsyncSession) -> None:
    customer = await get_customer(session, event.customer_id)
    reservation = await get_reservation(session, event.order_id)
    customer.release_credit(reservation)
    publish(
        session,
        CreditReturned(
            customer_id=customer.customer_id,
            order_id=event.order_id,
            amount=reservation.amount,
        ),
    )


_CUSTOMER = load(Customer, by=lambda event: event.customer_id)
_RESERVATION = load(CreditReservation, by=lambda event: event.order_id)

EVENT_HANDLERS = (
    handle(
        OrderUndelivered,
        return_credit,
        loads=(_CUSTOMER, _RESERVATION),
        publishes=(CreditReturned,),
    ),
)
