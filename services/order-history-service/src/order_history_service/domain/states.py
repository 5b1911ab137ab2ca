"""How far an order and its shipment have come, as far as events tell."""

from enum import StrEnum


class OrderState(StrEnum):
    """That a cancellation has begun is no event: until it is decided, the order is APPROVED."""

    PENDING = "PENDING"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    CANCELLED = "CANCELLED"
    DELIVERED = "DELIVERED"
    UNDELIVERED = "UNDELIVERED"


ENDS = frozenset({OrderState.CANCELLED, OrderState.DELIVERED, OrderState.UNDELIVERED})
"""The states that an approved order ends in."""

OPEN = frozenset({OrderState.PENDING, OrderState.APPROVED})


class ShipmentState(StrEnum):
    """That a shipment was requested is no event: it is known from its scheduling on."""

    SCHEDULED = "SCHEDULED"
    WITHHELD = "WITHHELD"
    DISPATCHED = "DISPATCHED"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"
