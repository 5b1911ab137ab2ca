"""What the domain's errors mean in HTTP."""

from chassis.http import ProblemType
from order_service.domain.errors import (
    InvalidOrderError,
    OrderNotFoundError,
    OrderStateError,
    OrderUndecidedError,
)

INVALID_ORDER = ProblemType(
    error=InvalidOrderError,
    status=422,
    name="invalid-order",
    title="The order cannot be placed as it is",
)
ORDER_NOT_FOUND = ProblemType(
    error=OrderNotFoundError, status=404, name="order-not-found", title="No such order"
)
ORDER_STATE = ProblemType(
    error=OrderStateError, status=409, name="order-state", title="The order's state forbids it"
)
ORDER_UNDECIDED = ProblemType(
    error=OrderUndecidedError,
    status=409,
    name="order-undecided",
    title="The order is still being decided",
    retry_after=1,
)

PROBLEMS = (INVALID_ORDER, ORDER_NOT_FOUND, ORDER_STATE, ORDER_UNDECIDED)
