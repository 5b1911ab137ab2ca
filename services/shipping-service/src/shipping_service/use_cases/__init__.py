"""Everything that happens to a shipment, each in the caller's transaction."""

from shipping_service.use_cases.dispatch_shipment import dispatch_shipment
from shipping_service.use_cases.end_shipment import deliver_shipment, fail_shipment
from shipping_service.use_cases.request_shipment import request_shipment
from shipping_service.use_cases.schedule_shipment import schedule_shipment
from shipping_service.use_cases.withhold_shipment import withhold_shipment

__all__ = [
    "deliver_shipment",
    "dispatch_shipment",
    "fail_shipment",
    "request_shipment",
    "schedule_shipment",
    "withhold_shipment",
]
