"""A service's messaging declaration, written out for what has to agree with it."""

import json
from collections.abc import Callable
from enum import StrEnum
from importlib import import_module
from typing import Any

import yaml

from chassis.messaging.permissions import platform_users
from chassis.messaging.topology import ServiceTopology
from chassis.messaging.values import messaging_values


class Format(StrEnum):
    """What is described, and for whom."""

    VALUES = "values"
    PERMISSIONS = "permissions"


def topology_of(package: str) -> ServiceTopology:
    """The declaration in `<package>.messaging.topology`."""
    topology: ServiceTopology = import_module(f"{package}.messaging.topology").TOPOLOGY
    return topology


def describe(package: str, description: Format) -> dict[str, Any]:
    """The description of an installed service, as plain data."""
    return _DESCRIPTIONS[description](topology_of(package))


def to_yaml(description: dict[str, Any]) -> str:
    text: str = yaml.safe_dump(description, sort_keys=False, width=100)
    return text


def to_json(description: dict[str, Any]) -> str:
    return json.dumps(description, indent=2)


def _values(topology: ServiceTopology) -> dict[str, Any]:
    return {"messaging": messaging_values(topology)}


def _permissions(topology: ServiceTopology) -> dict[str, Any]:
    users = platform_users([topology])
    return {"users": [{"user": user.name, "permissions": user.permissions()} for user in users]}


_DESCRIPTIONS: dict[Format, Callable[[ServiceTopology], dict[str, Any]]] = {
    Format.VALUES: _values,
    Format.PERMISSIONS: _permissions,
}
