"""The credit that one order takes up."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from uuid import UUID


class ReservationState(StrEnum):
    """Reserved credit is either confirmed or released; confirmed credit may be released later."""

    RESERVED = "RESERVED"
    CONFIRMED = "CONFIRMED"
    RELEASED = "RELEASED"


@dataclass(kw_only=True, eq=False)
class CreditReservation:
    """Credit of a customer that is set aside for one order; only `Customer` changes it."""

    order_id: UUID
    customer_id: str
    amount: Decimal
    state: ReservationState = ReservationState.RESERVED
