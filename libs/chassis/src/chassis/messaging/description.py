"""A service's messaging declaration, written out for what has to agree with it."""

import inspect
import json
from collections.abc import Callable
from enum import StrEnum
from importlib import import_module, metadata
from typing import Any

import yaml

from chassis.messaging.asyncapi import asyncapi
from chassis.messaging.catalogue import catalogue_of
from chassis.messaging.permissions import platform_users
from chassis.messaging.topology import ServiceTopology
from chassis.messaging.values import messaging_values


class _Plain(yaml.SafeDumper):
    """Writes equal parts out, without anchors."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML calls it so
        return True


class Format(StrEnum):
    """What is described, and for whom."""

    VALUES = "values"
    PERMISSIONS = "permissions"
    ASYNCAPI = "asyncapi"


def topology_of(package: str) -> ServiceTopology:
    """The declaration in `<package>.messaging.topology`."""
    topology: ServiceTopology = import_module(f"{package}.messaging.topology").TOPOLOGY
    return topology


def describe(package: str, description: Format) -> dict[str, Any]:
    """The description of an installed service, as plain data."""
    return _DESCRIPTIONS[description](package)


def to_yaml(description: dict[str, Any]) -> str:
    return yaml.dump(description, Dumper=_Plain, sort_keys=False, width=100, allow_unicode=True)


def to_json(description: dict[str, Any]) -> str:
    return json.dumps(description, indent=2)


def _values(package: str) -> dict[str, Any]:
    return {"messaging": messaging_values(topology_of(package))}


def _permissions(package: str) -> dict[str, Any]:
    users = platform_users([topology_of(package)])
    return {"users": [{"user": user.name, "permissions": user.permissions()} for user in users]}


def _asyncapi(package: str) -> dict[str, Any]:
    catalogue = catalogue_of(package)
    return asyncapi(
        catalogue,
        version=metadata.version(catalogue.topology.service),
        description=inspect.cleandoc(import_module(f"{package}.app").__doc__ or ""),
    )


_DESCRIPTIONS: dict[Format, Callable[[str], dict[str, Any]]] = {
    Format.VALUES: _values,
    Format.PERMISSIONS: _permissions,
    Format.ASYNCAPI: _asyncapi,
}
