"""Everything that order-service does to an order, each in the caller's transaction."""

from order_service.use_cases.approve_order import approve_order
from order_service.use_cases.begin_cancellation import begin_cancellation
from order_service.use_cases.confirm_cancellation import confirm_cancellation
from order_service.use_cases.deliver_order import deliver_order
from order_service.use_cases.fail_delivery import fail_delivery
from order_service.use_cases.place_order import place_order
from order_service.use_cases.reject_order import reject_order
from order_service.use_cases.undo_cancellation import undo_cancellation

__all__ = [
    "approve_order",
    "begin_cancellation",
    "confirm_cancellation",
    "deliver_order",
    "fail_delivery",
    "place_order",
    "reject_order",
    "undo_cancellation",
]
