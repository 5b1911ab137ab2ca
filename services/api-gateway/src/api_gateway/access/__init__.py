"""Who asks, and what they may see and do."""

from api_gateway.access.caller import Caller, Scope
from api_gateway.access.dependencies import Anybody, Reader, Staff, Writer
from api_gateway.access.keys import KeysUnavailableError, SigningKeys
from api_gateway.access.tokens import TokenVerifier

__all__ = [
    "Anybody",
    "Caller",
    "KeysUnavailableError",
    "Reader",
    "Scope",
    "SigningKeys",
    "Staff",
    "TokenVerifier",
    "Writer",
]
