"""What a run loads and orders."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from devkit.models import Line


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedCustomer:
    customer_id: str
    name: str
    country: str
    credit_limit: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedProduct:
    product_id: str
    name: str
    on_hand: int


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedOrder:
    """An order to place under an idempotency key.

    ``repeated``: the request is sent twice. ``cancelled``: it is cancelled once it is approved.
    """

    key: str
    customer_id: str
    lines: tuple[Line, ...]
    repeated: bool = False
    cancelled: bool = False

    @property
    def total(self) -> Decimal:
        return sum((line.quantity * line.unit_price for line in self.lines), Decimal(0))


@dataclass(frozen=True, kw_only=True, slots=True)
class Scenario:
    """Customers, stock, and the orders in the order in which they are placed.

    ``notes`` are for the reader of the summary.
    """

    customers: tuple[PlannedCustomer, ...]
    products: tuple[PlannedProduct, ...]
    orders: tuple[PlannedOrder, ...]
    notes: tuple[str, ...] = field(default=())

    @property
    def stock(self) -> Mapping[str, int]:
        """What is on hand of each product at the beginning."""
        return {product.product_id: product.on_hand for product in self.products}

    @property
    def ordered(self) -> Counter[str]:
        """What is ordered of each product in all."""
        quantities: Counter[str] = Counter()
        for order in self.orders:
            for line in order.lines:
                quantities[line.product_id] += line.quantity
        return quantities
