"""Calling one of the services, with all that can go wrong with it."""

from api_gateway.calls.call import Call, Reply
from api_gateway.calls.client import ServiceClient, ServicePolicy
from api_gateway.calls.failures import CallFailedError, Reason, RefusedError

__all__ = [
    "Call",
    "CallFailedError",
    "Reason",
    "RefusedError",
    "Reply",
    "ServiceClient",
    "ServicePolicy",
]
