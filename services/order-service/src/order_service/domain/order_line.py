"""The lines of an order."""

from dataclasses import dataclass
from decimal import Decimal

from order_service.domain.errors import InvalidOrderError

MAX_QUANTITY = 1_000_000
MIN_UNIT_PRICE = Decimal("0.01")
MAX_UNIT_PRICE = Decimal("99999999.99")


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    """So many of a product, at the price agreed with the customer.

    Raises InvalidOrderError for a quantity or a price that is out of bounds.
    """

    product_id: str
    quantity: int
    unit_price: Decimal

    def __post_init__(self) -> None:
        if not 1 <= self.quantity <= MAX_QUANTITY:
            raise InvalidOrderError(f"A quantity is between 1 and {MAX_QUANTITY}")
        if not MIN_UNIT_PRICE <= self.unit_price <= MAX_UNIT_PRICE:
            raise InvalidOrderError(
                f"A unit price is between {MIN_UNIT_PRICE} and {MAX_UNIT_PRICE}"
            )

    @property
    def amount(self) -> Decimal:
        return self.quantity * self.unit_price
