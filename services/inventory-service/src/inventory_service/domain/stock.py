"""What an order does to several products at once: all of it, or nothing."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from inventory_service.domain.errors import (
    ProductNotFoundError,
    StockAlreadyConfirmedError,
    StockNotReservedError,
)
from inventory_service.domain.product import Product
from inventory_service.domain.stock_reservation import StockReservation


def total_quantities(lines: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Quantities by product, in the order in which the lines name them first."""
    totals: Counter[str] = Counter()
    for product_id, quantity in lines:
        totals[product_id] += quantity
    return dict(totals)


def reserve_stock(
    order_id: UUID, quantities: Mapping[str, int], products: Mapping[str, Product]
) -> list[StockReservation]:
    """Reserve every product of an order, or none.

    Raises ProductNotFoundError or OutOfStockError for the first product that stands in the way.
    """
    for product_id, quantity in quantities.items():
        if product_id not in products:
            raise ProductNotFoundError(product_id)
        products[product_id].check_available(quantity)
    return [products[one].reserve(order_id, quantity) for one, quantity in quantities.items()]


def confirm_stock(
    reservations: Sequence[StockReservation], products: Mapping[str, Product]
) -> None:
    """Let all goods of an order leave, or none; raises StockNotReservedError."""
    for reservation in reservations:
        if reservation.state.is_given_back:
            raise StockNotReservedError(reservation.order_id)
    for reservation in reservations:
        products[reservation.product_id].confirm(reservation)


def release_stock(
    reservations: Sequence[StockReservation], products: Mapping[str, Product]
) -> None:
    """Give all of an order's stock back, or nothing; raises StockAlreadyConfirmedError."""
    for reservation in reservations:
        if reservation.state.has_left:
            raise StockAlreadyConfirmedError(reservation.order_id)
    for reservation in reservations:
        products[reservation.product_id].release(reservation)


def restock(reservations: Sequence[StockReservation], products: Mapping[str, Product]) -> None:
    """Take all goods of an order back; raises GoodsNotIssuedError."""
    for reservation in reservations:
        products[reservation.product_id].restock(reservation)
