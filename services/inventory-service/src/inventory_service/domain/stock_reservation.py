"""The stock of one product that one order takes up."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class ReservationState(StrEnum):
    """Reserved stock is either confirmed, when the goods leave, or released."""

    RESERVED = "RESERVED"
    CONFIRMED = "CONFIRMED"
    RELEASED = "RELEASED"


@dataclass(kw_only=True, eq=False)
class StockReservation:
    """Stock of a product that is set aside for one order; only `Product` changes it."""

    order_id: UUID
    product_id: str
    quantity: int
    state: ReservationState = ReservationState.RESERVED
