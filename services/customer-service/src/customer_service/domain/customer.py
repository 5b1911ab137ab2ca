"""Customers and the credit that their orders take up."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from customer_service.domain.credit_reservation import CreditReservation, ReservationState
from customer_service.domain.errors import (
    CreditLimitExceededError,
    CreditLimitTooLowError,
    CreditNotReservedError,
)


@dataclass(kw_only=True, eq=False)
class Customer:
    """A customer with a credit limit.

    `reserved` is the credit of orders that are being decided, `confirmed` that of approved ones.
    Neither is ever negative, and together they never exceed the limit.
    """

    customer_id: str
    name: str
    country: str
    credit_limit: Decimal
    reserved: Decimal = Decimal(0)
    confirmed: Decimal = Decimal(0)

    @property
    def available(self) -> Decimal:
        return self.credit_limit - self.reserved - self.confirmed

    def reserve_credit(self, order_id: UUID, amount: Decimal) -> CreditReservation:
        """Set credit aside for an order; raises CreditLimitExceededError."""
        if amount > self.available:
            raise CreditLimitExceededError(requested=amount, available=self.available)
        self.reserved += amount
        return CreditReservation(order_id=order_id, customer_id=self.customer_id, amount=amount)

    def confirm_credit(self, reservation: CreditReservation) -> None:
        """Use the credit of an approved order; once is as good as twice.

        Raises CreditNotReservedError when it was released before, or is not this customer's.
        """
        self._check_own(reservation)
        if reservation.state is ReservationState.RELEASED:
            raise CreditNotReservedError(reservation.order_id)
        if reservation.state is ReservationState.RESERVED:
            self.reserved -= reservation.amount
            self.confirmed += reservation.amount
            reservation.state = ReservationState.CONFIRMED

    def release_credit(self, reservation: CreditReservation) -> None:
        """Give back what an order has reserved or used; once is as good as twice.

        Raises CreditNotReservedError when it is not this customer's.
        """
        self._check_own(reservation)
        if reservation.state is ReservationState.RESERVED:
            self.reserved -= reservation.amount
        elif reservation.state is ReservationState.CONFIRMED:
            self.confirmed -= reservation.amount
        reservation.state = ReservationState.RELEASED

    def change(self, *, name: str, country: str, credit_limit: Decimal) -> None:
        """Correct the master data; raises CreditLimitTooLowError."""
        committed = self.reserved + self.confirmed
        if credit_limit < committed:
            raise CreditLimitTooLowError(credit_limit=credit_limit, committed=committed)
        self.name, self.country, self.credit_limit = name, country, credit_limit

    def _check_own(self, reservation: CreditReservation) -> None:
        if reservation.customer_id != self.customer_id:
            raise CreditNotReservedError(reservation.order_id)
