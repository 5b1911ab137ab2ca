"""What the domain's errors mean in HTTP."""

from chassis.http import ProblemType
from inventory_service.domain.errors import ProductNotFoundError, StockTooLowError

PRODUCT_NOT_FOUND = ProblemType(
    error=ProductNotFoundError, status=404, name="product-not-found", title="No such product"
)
STOCK_TOO_LOW = ProblemType(
    error=StockTooLowError,
    status=409,
    name="stock-too-low",
    title="The stock is below what orders have reserved",
)

PROBLEMS = (PRODUCT_NOT_FOUND, STOCK_TOO_LOW)
