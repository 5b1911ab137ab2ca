"""The stock of one product that one order takes up."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class ReservationState(StrEnum):
    """Reserved stock is either confirmed, when the goods leave, or released.

    Goods that left and could not be delivered are restocked.
    """

    RESERVED = "RESERVED"
    CONFIRMED = "CONFIRMED"
    RELEASED = "RELEASED"
    RESTOCKED = "RESTOCKED"

    @property
    def has_left(self) -> bool:
        """The goods have left the warehouse, whether or not they came back."""
        return self in {ReservationState.CONFIRMED, ReservationState.RESTOCKED}

    @property
    def is_given_back(self) -> bool:
        """The stock is available again."""
        return self in {ReservationState.RELEASED, ReservationState.RESTOCKED}


@dataclass(kw_only=True, eq=False)
class StockReservation:
    """Stock of a product that is set aside for one order; only `Product` changes it."""

    order_id: UUID
    product_id: str
    quantity: int
    state: ReservationState = ReservationState.RESERVED
