"""The orders of a measurement: one in five is refused at stock and gives its credit back."""

from decimal import Decimal
from itertools import count, islice

from chassis.ids import new_id
from devkit.models import Line
from devkit.scenario import PlannedCustomer, PlannedOrder, PlannedProduct, Scenario

_CUSTOMERS = 100
_PRODUCTS = 100
_SOLD_OUT = 20
_PLENTY = 1_000_000
_CREDIT_LIMIT = Decimal("1000000.00")
_REFUSED_EVERY = 5


def scenario() -> Scenario:
    """Customers and products for any number of orders; the orders come in portions."""
    return Scenario(
        customers=tuple(
            PlannedCustomer(
                customer_id=_customer(number),
                name=f"Customer {number}",
                country="NO",
                credit_limit=_CREDIT_LIMIT,
            )
            for number in range(_CUSTOMERS)
        ),
        products=(
            *(_product(_in_stock(number), _PLENTY) for number in range(_PRODUCTS)),
            *(_product(_sold_out(number), 0) for number in range(_SOLD_OUT)),
        ),
        orders=(),
    )


class OrderSource:
    """Gives orders of two lines, a portion at a time; the key of each is its id."""

    def __init__(self) -> None:
        self._orders = map(_order, count())

    def take(self, number: int) -> tuple[PlannedOrder, ...]:
        return tuple(islice(self._orders, number))


def _order(number: int) -> PlannedOrder:
    is_refused = number % _REFUSED_EVERY == _REFUSED_EVERY - 1
    other = _sold_out(number // _REFUSED_EVERY) if is_refused else _in_stock(number + 1)
    return PlannedOrder(
        key=str(new_id()),
        customer_id=_customer(number),
        lines=(
            Line(product_id=_in_stock(number), quantity=1, unit_price=Decimal("14.00")),
            Line(product_id=other, quantity=2, unit_price=Decimal("3.50")),
        ),
    )


def _product(product_id: str, on_hand: int) -> PlannedProduct:
    return PlannedProduct(product_id=product_id, name=product_id, on_hand=on_hand)


def _customer(number: int) -> str:
    return f"customer-{number % _CUSTOMERS}"


def _in_stock(number: int) -> str:
    return f"product-{number % _PRODUCTS}"


def _sold_out(number: int) -> str:
    return f"sold-out-{number % _SOLD_OUT}"
