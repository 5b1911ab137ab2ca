"""A product's stock: reserved for an order, then taken away or given back."""

from collections.abc import Callable
from uuid import UUID

import pytest

from inventory_service.domain.errors import (
    GoodsNotIssuedError,
    OutOfStockError,
    StockAlreadyConfirmedError,
    StockNotReservedError,
    StockTooLowError,
)
from inventory_service.domain.product import Product
from inventory_service.domain.stock_reservation import ReservationState

ORDER = UUID(int=1)
OTHER_ORDER = UUID(int=2)


def a_product(on_hand: int = 10) -> Product:
    return Product(product_id="chai", name="Chai", on_hand=on_hand)


def figures(product: Product) -> tuple[int, int, int]:
    return product.on_hand, product.reserved, product.available


def test_reserved_stock_is_on_hand_and_no_longer_available():
    product = a_product(10)

    reservation = product.reserve(ORDER, 4)

    assert (reservation.quantity, reservation.state) == (4, ReservationState.RESERVED)
    assert figures(product) == (10, 4, 6)


def test_the_last_piece_can_be_reserved_and_not_one_more():
    product = a_product(10)
    product.reserve(ORDER, 4)
    product.reserve(OTHER_ORDER, 6)

    with pytest.raises(OutOfStockError, match="1 of 'chai' are more than the 0 available"):
        product.reserve(OTHER_ORDER, 1)

    assert figures(product) == (10, 10, 0)


def test_confirmed_stock_has_left_the_warehouse():
    product = a_product(10)
    reservation = product.reserve(ORDER, 4)

    product.confirm(reservation)
    product.confirm(reservation)

    assert reservation.state is ReservationState.CONFIRMED
    assert figures(product) == (6, 0, 6)


def test_released_stock_is_available_again():
    product = a_product(10)
    reservation = product.reserve(ORDER, 4)

    product.release(reservation)
    product.release(reservation)

    assert reservation.state is ReservationState.RELEASED
    assert figures(product) == (10, 0, 10)


def test_released_stock_cannot_be_confirmed():
    product = a_product(10)
    reservation = product.reserve(ORDER, 4)
    product.release(reservation)

    with pytest.raises(StockNotReservedError, match=str(ORDER)):
        product.confirm(reservation)

    assert figures(product) == (10, 0, 10)


def test_stock_that_has_left_cannot_be_released():
    product = a_product(10)
    reservation = product.reserve(ORDER, 4)
    product.confirm(reservation)

    with pytest.raises(StockAlreadyConfirmedError, match="have left the warehouse"):
        product.release(reservation)

    assert figures(product) == (6, 0, 6)


def test_restocked_goods_are_on_hand_again():
    product = a_product(10)
    reservation = product.reserve(ORDER, 4)
    product.confirm(reservation)

    product.restock(reservation)
    product.restock(reservation)

    assert reservation.state is ReservationState.RESTOCKED
    assert figures(product) == (10, 0, 10)


def test_restocked_goods_neither_leave_again_nor_are_they_released():
    product = a_product(10)
    reservation = product.reserve(ORDER, 4)
    product.confirm(reservation)
    product.restock(reservation)

    with pytest.raises(StockNotReservedError):
        product.confirm(reservation)
    with pytest.raises(StockAlreadyConfirmedError):
        product.release(reservation)

    assert figures(product) == (10, 0, 10)


@pytest.mark.parametrize("before", [lambda *_: None, Product.release])
def test_goods_that_have_not_left_cannot_come_back(before: Callable):
    product = a_product(10)
    reservation = product.reserve(ORDER, 4)
    before(product, reservation)

    with pytest.raises(GoodsNotIssuedError, match="have not left"):
        product.restock(reservation)

    assert product.on_hand == 10


def test_a_count_may_be_corrected_down_to_what_is_reserved_and_no_further():
    product = a_product(10)
    product.reserve(ORDER, 4)

    product.change(name="Chai tea", on_hand=4)
    assert (product.name, *figures(product)) == ("Chai tea", 4, 4, 0)

    with pytest.raises(StockTooLowError, match="fewer than the 4 that orders have reserved"):
        product.change(name="Chai", on_hand=3)
    assert product.name == "Chai tea"
