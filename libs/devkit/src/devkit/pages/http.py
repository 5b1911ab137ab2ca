"""The part of a service's page that is about HTTP: what it answers, and what it asks of others."""

from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from devkit.deployables import DEPLOYABLES, Deployable
from devkit.gate.http import operations, shape_of
from devkit.pages.markdown import code, first_sentence, section, table
from devkit.pages.openapi import openapi

_EVERYWHERE = "health"

Needs = Mapping[str, Sequence[Mapping[str, Any]]]


def needs_of(package: str) -> Needs:
    """What a service needs of others' HTTP APIs by service, as its module `needs` finds it."""
    if find_spec(f"{package}.needs") is None:
        return {}
    found: Needs = import_module(f"{package}.needs").needs()
    return found


def sections(service: Deployable) -> str:
    parts = (_answered(service), _asked(service))
    return "\n\n".join(part for part in parts if part)


def _answered(service: Deployable) -> str:
    users = _users_of(service.name)
    rows = (
        (
            code(name),
            first_sentence(operation.get("description") or operation.get("summary")),
            ", ".join(status for status in operation["responses"] if status < "400"),
            ", ".join(f"[{user}]({user}.md)" for user in users.get(shape_of(name), ())),
        )
        for name, operation in operations(openapi(service.package)).items()
        if _EVERYWHERE not in operation.get("tags", ())
    )
    return section("HTTP API", table(("operation", "what it does", "answers", "used by"), rows))


def _asked(service: Deployable) -> str:
    rows = (
        (f"[{provider}]({provider}.md)", "<br>".join(sorted(set(_names(asked)))))
        for provider, asked in needs_of(service.package).items()
    )
    return section("What it asks of other services", table(("service", "operations"), rows))


def _names(asked: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield from (code(one["operation"]) for one in asked)


def _users_of(provider: str) -> dict[str, list[str]]:
    """The services that use an operation, by its shape."""
    found: dict[str, list[str]] = {}
    for client in DEPLOYABLES:
        for shape in {
            shape_of(one["operation"]) for one in needs_of(client.package).get(provider, ())
        }:
            found.setdefault(shape, []).append(client.name)
    return found
