"""Business rules that say no."""

from decimal import Decimal
from uuid import UUID


class CustomerError(Exception):
    """Base of this service's business errors."""


class CustomerNotFoundError(CustomerError):
    """Nobody has this customer number."""

    def __init__(self, customer_id: str) -> None:
        super().__init__(
            f"There is no customer '{customer_id}'; PUT /customers/{customer_id} first"
        )


class CreditLimitExceededError(CustomerError):
    """An order wants more credit than is left."""

    def __init__(self, *, requested: Decimal, available: Decimal) -> None:
        super().__init__(f"{requested} is more than the {available} available")
        self.available = available


class CreditLimitTooLowError(CustomerError):
    """A limit would not cover what orders have taken up already."""

    def __init__(self, *, credit_limit: Decimal, committed: Decimal) -> None:
        super().__init__(
            f"A credit limit of {credit_limit} is below the {committed} that orders have taken up; "
            "cancel orders first, or choose a higher limit"
        )


class CreditNotReservedError(CustomerError):
    """An order holds no credit of the customer that could be confirmed or released."""

    def __init__(self, order_id: UUID) -> None:
        super().__init__(f"Order {order_id} holds no credit")
