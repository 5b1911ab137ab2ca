"""The part of a service's page that is about its HTTP API."""

from collections.abc import Iterator
from typing import Any

from devkit.deployables import Deployable
from devkit.pages.markdown import code, first_sentence, section, table
from devkit.pages.openapi import openapi

_METHODS = ("get", "put", "post", "delete", "patch")
_EVERYWHERE = "health"


def section_of(service: Deployable) -> str:
    document = openapi(service.package)
    rows = (
        (
            code(f"{method.upper()} {path}"),
            first_sentence(operation.get("description") or operation.get("summary")),
            ", ".join(status for status in operation["responses"] if status < "400"),
        )
        for path, method, operation in operations(document)
        if _EVERYWHERE not in operation.get("tags", ())
    )
    return section("HTTP API", table(("operation", "what it does", "answers"), rows))


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Path, method and operation."""
    for path, item in document["paths"].items():
        yield from ((path, method, item[method]) for method in _METHODS if method in item)
