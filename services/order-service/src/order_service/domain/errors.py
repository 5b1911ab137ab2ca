"""Business rules that say no."""

from uuid import UUID


class OrderError(Exception):
    """Base of this service's business errors."""


class InvalidOrderError(OrderError):
    """An order that nobody may place."""


class OrderNotFoundError(OrderError):
    """No order has this id."""

    def __init__(self, order_id: UUID) -> None:
        super().__init__(f"There is no order {order_id}")


class OrderStateError(OrderError):
    """What is asked of an order does not fit the state that it is in."""


class OrderUndecidedError(OrderStateError):
    """The order is being approved or rejected at this moment."""

    def __init__(self, order_id: UUID) -> None:
        super().__init__(f"Order {order_id} is still being decided; ask again in a moment")
