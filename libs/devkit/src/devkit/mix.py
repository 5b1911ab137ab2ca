"""A mix of orders with one outcome, whatever the order in which the services get to them.

Each kind of order has customers and products of its own, so that orders compete within a kind
only: of those that share a tight credit limit, or the last units of a product, all are alike, and
it does not matter which of them come first.
"""

import random
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal

from devkit.models import Line
from devkit.scenario import PlannedCustomer, PlannedOrder, PlannedProduct, Scenario

_SHARES = {
    "tight credit": 0.12,
    "scarce product": 0.12,
    "unknown customer": 0.04,
    "unknown product": 0.04,
}
_PLAIN = "plain"
_ENOUGH_FOR_ALL_KINDS = 10
_REPEATED_SHARE = 0.1
_CANCELLED_SHARE = 0.2

_COUNTRIES = ("Germany", "Mexico", "Sweden", "UK", "Brazil", "Norway")
_CATALOGUE = 40
_PLENTY = 1_000_000
_RICH = Decimal("100000000.00")
_PRICE = Decimal("25.00")


@dataclass(frozen=True, kw_only=True, slots=True)
class Mix:
    """A scenario and what must come of it."""

    scenario: Scenario
    approved: int
    rejected: Counter[str]
    cancelled: int


def mixed_orders(count: int, *, seed: int) -> Mix:
    """``count`` orders; the same for the same ``count`` and ``seed``."""
    chance = random.Random(seed)  # noqa: S311 -- repeatable, and no secret
    kinds = _kinds(count)
    chance.shuffle(kinds)
    totals = Counter(kinds)
    # of the orders that compete, half find room
    fit = {kind: totals[kind] // 2 for kind in ("tight credit", "scarce product")}
    orders = _orders(kinds, chance)
    cancelled = sum(order.cancelled for order in orders)
    return Mix(
        scenario=Scenario(
            customers=_customers(_regulars(count), room_for=fit["tight credit"]),
            products=_products(left=fit["scarce product"]),
            orders=orders,
        ),
        approved=totals[_PLAIN] + sum(fit.values()) - cancelled,
        cancelled=cancelled,
        rejected=+Counter(
            CREDIT_LIMIT_EXCEEDED=totals["tight credit"] - fit["tight credit"],
            OUT_OF_STOCK=totals["scarce product"] - fit["scarce product"],
            CUSTOMER_NOT_FOUND=totals["unknown customer"],
            PRODUCT_NOT_FOUND=totals["unknown product"],
        ),
    )


def _kinds(count: int) -> list[str]:
    if count < _ENOUGH_FOR_ALL_KINDS:
        return [_PLAIN] * count
    special = [kind for kind, share in _SHARES.items() for _ in range(max(1, round(share * count)))]
    return special + [_PLAIN] * (count - len(special))


def _orders(kinds: list[str], chance: random.Random) -> tuple[PlannedOrder, ...]:
    numbers = range(len(kinds))
    plain = [number for number in numbers if kinds[number] == _PLAIN]
    repeated = set(chance.sample(numbers, k=round(_REPEATED_SHARE * len(kinds))))
    cancelled = set(chance.sample(plain, k=round(_CANCELLED_SHARE * len(plain))))
    return tuple(
        PlannedOrder(
            key=f"mix-{number}",
            customer_id=_customer_of(kind, chance, _regulars(len(kinds))),
            lines=_lines_of(kind, chance),
            repeated=number in repeated,
            cancelled=number in cancelled,
        )
        for number, kind in enumerate(kinds)
    )


def _customer_of(kind: str, chance: random.Random, regulars: int) -> str:
    if kind == "tight credit":
        return "customer-tight"
    if kind == "unknown customer":
        return "customer-unknown"
    return f"customer-{chance.randrange(regulars)}"


def _lines_of(kind: str, chance: random.Random) -> tuple[Line, ...]:
    if kind == "tight credit":
        return (Line(product_id="product-0", quantity=1, unit_price=_PRICE),)
    lines = [_catalogue_line(number, chance) for number in chance.sample(range(_CATALOGUE), k=2)]
    if kind == "scarce product":
        lines.append(Line(product_id="product-scarce", quantity=1, unit_price=_PRICE))
    if kind == "unknown product":
        lines.append(Line(product_id="product-unknown", quantity=1, unit_price=_PRICE))
    return tuple(lines[-chance.randint(1, len(lines)) :])


def _catalogue_line(number: int, chance: random.Random) -> Line:
    price = Decimal(chance.randint(100, 9999)).scaleb(-2)
    return Line(product_id=f"product-{number}", quantity=chance.randint(1, 9), unit_price=price)


def _regulars(count: int) -> int:
    return max(5, count // 10)


def _customers(regulars: int, *, room_for: int) -> tuple[PlannedCustomer, ...]:
    tight = PlannedCustomer(
        customer_id="customer-tight",
        name="A customer with a tight limit",
        country=_COUNTRIES[0],
        credit_limit=room_for * _PRICE + _PRICE / 2,
    )
    return (*(_regular(number) for number in range(regulars)), tight)


def _regular(number: int) -> PlannedCustomer:
    return PlannedCustomer(
        customer_id=f"customer-{number}",
        name=f"Customer {number}",
        country=_COUNTRIES[number % len(_COUNTRIES)],
        credit_limit=_RICH,
    )


def _products(*, left: int) -> tuple[PlannedProduct, ...]:
    scarce = PlannedProduct(product_id="product-scarce", name="The last few", on_hand=left)
    return (*(_product(number) for number in range(_CATALOGUE)), scarce)


def _product(number: int) -> PlannedProduct:
    return PlannedProduct(product_id=f"product-{number}", name=f"Product {number}", on_hand=_PLENTY)
