"""A service's OpenAPI document, as it serves it and as it is kept."""

from typing import Any

from chassis.messaging.description import to_yaml
from devkit.composed import composed


def openapi(package: str) -> dict[str, Any]:
    """The document that the service answers on /openapi.json."""
    return composed(package).http.openapi()


def openapi_file(package: str) -> str:
    """The form in which it is kept, in `contracts/openapi.yaml`."""
    return to_yaml(openapi(package))
