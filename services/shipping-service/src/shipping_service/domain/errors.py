"""Business rules that say no."""

from uuid import UUID


class ShippingError(Exception):
    """Base of this service's business errors."""


class ShipmentNotFoundError(ShippingError):
    """No order with this id has a shipment."""

    def __init__(self, order_id: UUID) -> None:
        super().__init__(f"There is no shipment of an order {order_id}")


class ShipmentStateError(ShippingError):
    """What is to happen to a shipment does not fit the state that it is in."""
