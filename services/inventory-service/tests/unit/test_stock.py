"""An order takes all of its products, or none."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory_service.domain.errors import (
    OutOfStockError,
    ProductNotFoundError,
    StockAlreadyConfirmedError,
    StockNotReservedError,
)
from inventory_service.domain.product import Product
from inventory_service.domain.stock import (
    confirm_stock,
    release_stock,
    reserve_stock,
    total_quantities,
)

ORDER = UUID(int=1)


def warehouse(**on_hand: int) -> dict[str, Product]:
    return {one: Product(product_id=one, name=one, on_hand=n) for one, n in on_hand.items()}


def figures(products: dict[str, Product]) -> dict[str, tuple[int, int]]:
    return {one: (product.on_hand, product.reserved) for one, product in products.items()}


def test_lines_of_the_same_product_are_added_up():
    assert total_quantities([("tea", 1), ("chai", 2), ("tea", 3)]) == {"tea": 4, "chai": 2}


def test_all_products_of_an_order_are_reserved():
    products = warehouse(chai=10, tea=5)

    reservations = reserve_stock(ORDER, {"chai": 4, "tea": 5}, products)

    assert [(one.product_id, one.quantity) for one in reservations] == [("chai", 4), ("tea", 5)]
    assert figures(products) == {"chai": (10, 4), "tea": (5, 5)}


def test_one_short_product_refuses_the_whole_order():
    products = warehouse(chai=10, tea=5)

    with pytest.raises(OutOfStockError) as refused:
        reserve_stock(ORDER, {"chai": 4, "tea": 6}, products)

    assert (refused.value.product_id, refused.value.available) == ("tea", 5)
    assert figures(products) == {"chai": (10, 0), "tea": (5, 0)}


def test_one_unknown_product_refuses_the_whole_order():
    products = warehouse(chai=10)

    with pytest.raises(ProductNotFoundError, match="no product 'tea'"):
        reserve_stock(ORDER, {"chai": 4, "tea": 1}, products)

    assert figures(products) == {"chai": (10, 0)}


def test_all_goods_of_an_order_leave_or_are_given_back():
    products = warehouse(chai=10, tea=5)
    confirm_stock(reserve_stock(ORDER, {"chai": 4, "tea": 5}, products), products)
    assert figures(products) == {"chai": (6, 0), "tea": (0, 0)}

    products = warehouse(chai=10, tea=5)
    release_stock(reserve_stock(ORDER, {"chai": 4, "tea": 5}, products), products)
    assert figures(products) == {"chai": (10, 0), "tea": (5, 0)}


def test_nothing_is_given_back_when_part_of_the_goods_has_left():
    products = warehouse(chai=10, tea=5)
    reservations = reserve_stock(ORDER, {"chai": 4, "tea": 5}, products)
    products["tea"].confirm(reservations[1])

    with pytest.raises(StockAlreadyConfirmedError):
        release_stock(reservations, products)

    assert figures(products) == {"chai": (10, 4), "tea": (0, 0)}


def test_no_goods_leave_when_part_of_them_was_given_back():
    products = warehouse(chai=10, tea=5)
    reservations = reserve_stock(ORDER, {"chai": 4, "tea": 5}, products)
    products["tea"].release(reservations[1])

    with pytest.raises(StockNotReservedError):
        confirm_stock(reservations, products)

    assert figures(products) == {"chai": (10, 4), "tea": (5, 0)}


orders = st.lists(
    st.tuples(
        st.dictionaries(st.sampled_from(["chai", "tea", "rum"]), st.integers(1, 9), min_size=1),
        st.sampled_from(["keep", "confirm", "release"]),
    ),
    max_size=20,
)


@given(orders=orders)
def test_whatever_orders_do_no_stock_is_made_up_or_lost(orders):
    products = warehouse(chai=20, tea=20, rum=20)
    left = dict.fromkeys(products, 20)
    held = dict.fromkeys(products, 0)
    for number, (quantities, what_then) in enumerate(orders):
        try:
            reservations = reserve_stock(UUID(int=number), quantities, products)
        except OutOfStockError:
            continue
        if what_then == "confirm":
            confirm_stock(reservations, products)
        elif what_then == "release":
            release_stock(reservations, products)
        for one, quantity in quantities.items():
            left[one] -= quantity if what_then == "confirm" else 0
            held[one] += quantity if what_then == "keep" else 0

    assert figures(products) == {one: (left[one], held[one]) for one in products}
    assert all(0 <= product.reserved <= product.on_hand for product in products.values())
