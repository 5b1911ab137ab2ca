"""Products and the stock that orders take up."""

from dataclasses import dataclass
from uuid import UUID

from inventory_service.domain.errors import (
    GoodsNotIssuedError,
    OutOfStockError,
    StockAlreadyConfirmedError,
    StockNotReservedError,
    StockTooLowError,
)
from inventory_service.domain.stock_reservation import ReservationState, StockReservation


@dataclass(kw_only=True, eq=False)
class Product:
    """A product in the warehouse.

    `reserved` is the part of what is on hand that orders have set aside: never negative, never more
    than is on hand.
    """

    product_id: str
    name: str
    on_hand: int
    reserved: int = 0

    @property
    def available(self) -> int:
        return self.on_hand - self.reserved

    def check_available(self, quantity: int) -> None:
        """Raises OutOfStockError when that many are not left."""
        if quantity > self.available:
            raise OutOfStockError(self.product_id, requested=quantity, available=self.available)

    def reserve(self, order_id: UUID, quantity: int) -> StockReservation:
        """Set stock aside for an order; raises OutOfStockError."""
        self.check_available(quantity)
        self.reserved += quantity
        return StockReservation(order_id=order_id, product_id=self.product_id, quantity=quantity)

    def confirm(self, reservation: StockReservation) -> None:
        """Let an order's goods leave the warehouse; once is as good as twice.

        Raises StockNotReservedError when they were given back before.
        """
        if reservation.state.is_given_back:
            raise StockNotReservedError(reservation.order_id)
        if reservation.state is ReservationState.RESERVED:
            self.on_hand -= reservation.quantity
            self.reserved -= reservation.quantity
            reservation.state = ReservationState.CONFIRMED

    def release(self, reservation: StockReservation) -> None:
        """Give back what an order has reserved; once is as good as twice.

        Raises StockAlreadyConfirmedError when the goods have left.
        """
        if reservation.state.has_left:
            raise StockAlreadyConfirmedError(reservation.order_id)
        if reservation.state is ReservationState.RESERVED:
            self.reserved -= reservation.quantity
            reservation.state = ReservationState.RELEASED

    def restock(self, reservation: StockReservation) -> None:
        """Take goods back that could not be delivered; once is as good as twice.

        Raises GoodsNotIssuedError when they have not left.
        """
        if not reservation.state.has_left:
            raise GoodsNotIssuedError(reservation.order_id)
        if reservation.state is ReservationState.CONFIRMED:
            self.on_hand += reservation.quantity
            reservation.state = ReservationState.RESTOCKED

    def change(self, *, name: str, on_hand: int) -> None:
        """Correct the name or the count; raises StockTooLowError."""
        if on_hand < self.reserved:
            raise StockTooLowError(self.product_id, on_hand=on_hand, reserved=self.reserved)
        self.name, self.on_hand = name, on_hand
