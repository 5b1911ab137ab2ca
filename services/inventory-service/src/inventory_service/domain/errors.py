"""Business rules that say no."""

from uuid import UUID


class InventoryError(Exception):
    """Base of this service's business errors."""


class ProductNotFoundError(InventoryError):
    """Nothing has this product number."""

    def __init__(self, product_id: str) -> None:
        super().__init__(f"There is no product '{product_id}'; PUT /products/{product_id} first")
        self.product_id = product_id


class OutOfStockError(InventoryError):
    """An order wants more of a product than is left."""

    def __init__(self, product_id: str, *, requested: int, available: int) -> None:
        super().__init__(f"{requested} of '{product_id}' are more than the {available} available")
        self.product_id = product_id
        self.available = available


class StockTooLowError(InventoryError):
    """A stock would not cover what orders have reserved already."""

    def __init__(self, product_id: str, *, on_hand: int, reserved: int) -> None:
        super().__init__(
            f"{on_hand} of '{product_id}' on hand are fewer than the {reserved} that orders have "
            "reserved; cancel orders first, or count again"
        )


class StockNotReservedError(InventoryError):
    """An order holds no stock that could be confirmed or released."""

    def __init__(self, order_id: UUID) -> None:
        super().__init__(f"Order {order_id} holds no stock")


class StockAlreadyConfirmedError(InventoryError):
    """An order's goods have left the warehouse; that they came back does not undo it."""

    def __init__(self, order_id: UUID) -> None:
        super().__init__(f"The goods of order {order_id} have left the warehouse")


class GoodsNotIssuedError(InventoryError):
    """Goods of an order that never left cannot come back."""

    def __init__(self, order_id: UUID) -> None:
        super().__init__(f"The goods of order {order_id} have not left the warehouse")
