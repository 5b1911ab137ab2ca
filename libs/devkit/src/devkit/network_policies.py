"""Network policies as a network plugin reads them, over pods that only exist as manifests."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from devkit.charts import NAMESPACE, Manifest, Pod, Rendering


@dataclass(frozen=True, slots=True)
class Port:
    """A container's port; policies name it or give its number."""

    number: int
    name: str = ""


@dataclass(frozen=True, slots=True)
class Outsider:
    """Any pod of another namespace."""

    namespace: str


class Direction(StrEnum):
    """Which way, as seen from the pod that a policy selects."""

    INGRESS = "Ingress"
    EGRESS = "Egress"

    @property
    def side(self) -> str:
        return "from" if self is Direction.INGRESS else "to"


def ports_of(pod: Pod) -> list[Port]:
    return [
        Port(port["containerPort"], port["name"])
        for container in pod.containers()
        for port in container.get("ports", ())
    ]


def edges(rendering: Rendering) -> Iterator[tuple[Pod, Pod, Port]]:
    """Which pod may connect to which port of which other pod."""
    for source in rendering.pods():
        for target in rendering.pods():
            for port in ports_of(target):
                leaves = may_leave(rendering, source, target, port)
                if source is not target and leaves and may_enter(rendering, source, target, port):
                    yield source, target, port


def may_leave(rendering: Rendering, source: Pod, target: Pod | Outsider, port: Port) -> bool:
    return _permitted(rendering, source, Direction.EGRESS, target, port)


def may_enter(rendering: Rendering, source: Pod | Outsider, target: Pod, port: Port) -> bool:
    return _permitted(rendering, target, Direction.INGRESS, source, port)


def selects(policy: Manifest, labels: Mapping[str, str]) -> bool:
    return matches(policy["spec"]["podSelector"], labels)


def matches(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a label selector matches; raises ValueError for operators other than `In`."""
    if not selector.get("matchLabels", {}).items() <= labels.items():
        return False
    return all(_holds(one, labels) for one in selector.get("matchExpressions", ()))


def _holds(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    if expression["operator"] != "In":
        raise ValueError(f"cannot evaluate the operator {expression['operator']}")
    return labels.get(expression["key"]) in expression["values"]


def _permitted(
    rendering: Rendering, pod: Pod, direction: Direction, other: Pod | Outsider, port: Port
) -> bool:
    """Policies add up: one rule that permits is enough, and no policy at all permits everything."""
    policies = [
        policy
        for policy in rendering.of_kind("NetworkPolicy")
        if selects(policy, pod.labels) and direction in policy["spec"]["policyTypes"]
    ]
    rules = [rule for policy in policies for rule in policy["spec"].get(direction.lower(), ())]
    return not policies or any(_rule_permits(rule, direction, other, port) for rule in rules)


def _rule_permits(
    rule: Mapping[str, Any], direction: Direction, other: Pod | Outsider, port: Port
) -> bool:
    if not any(one["port"] in {port.name, port.number} for one in rule["ports"]):
        return False
    peers = rule.get(direction.side)
    return peers is None or any(_is_peer(peer, other) for peer in peers)


def _is_peer(peer: Mapping[str, Any], other: Pod | Outsider) -> bool:
    if "ipBlock" in peer:
        return False
    namespace = other.namespace if isinstance(other, Outsider) else NAMESPACE
    if "namespaceSelector" in peer:
        in_namespace = matches(
            peer["namespaceSelector"], {"kubernetes.io/metadata.name": namespace}
        )
    else:
        in_namespace = namespace == NAMESPACE
    labels = {} if isinstance(other, Outsider) else other.labels
    return in_namespace and matches(peer.get("podSelector", {}), labels)
