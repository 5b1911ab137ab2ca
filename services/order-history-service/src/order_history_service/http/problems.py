"""What the domain's errors mean in HTTP."""

from chassis.http import ProblemType
from order_history_service.domain.errors import (
    CustomerNotFoundError,
    InvalidCursorError,
    InvalidFilterError,
    OrderNotFoundError,
)

ORDER_NOT_FOUND = ProblemType(
    error=OrderNotFoundError, status=404, name="order-not-found", title="No such order"
)
CUSTOMER_NOT_FOUND = ProblemType(
    error=CustomerNotFoundError, status=404, name="customer-not-found", title="No such customer"
)
INVALID_FILTER = ProblemType(
    error=InvalidFilterError,
    status=422,
    name="invalid-filter",
    title="Nothing can be found by this filter",
)
INVALID_CURSOR = ProblemType(
    error=InvalidCursorError, status=422, name="invalid-cursor", title="The cursor is not valid"
)

PROBLEMS = (ORDER_NOT_FOUND, CUSTOMER_NOT_FOUND, INVALID_FILTER, INVALID_CURSOR)
