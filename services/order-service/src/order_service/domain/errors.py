"""Business rules that say no."""

from uuid import UUID

from order_service.domain.work import Work


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
    """The order is being approved or rejected at this moment, by `work` where that is known."""

    def __init__(self, order_id: UUID, work: Work | None = None) -> None:
        by = f" {work}" if work else ""
        super().__init__(f"Order {order_id} is still being decided{by}; ask again in a moment")
