"""What the domain's errors mean in HTTP."""

from chassis.http import ProblemType
from customer_service.domain.errors import CreditLimitTooLowError, CustomerNotFoundError

CUSTOMER_NOT_FOUND = ProblemType(
    error=CustomerNotFoundError, status=404, name="customer-not-found", title="No such customer"
)
CREDIT_LIMIT_TOO_LOW = ProblemType(
    error=CreditLimitTooLowError,
    status=409,
    name="credit-limit-too-low",
    title="The credit limit is below what orders have taken up",
)

PROBLEMS = (CUSTOMER_NOT_FOUND, CREDIT_LIMIT_TOO_LOW)
