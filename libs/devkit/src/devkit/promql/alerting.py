"""Rule files, and which of their alerts fire over a history."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from devkit.promql.evaluate import evaluate
from devkit.promql.series import NAME, History, Labels

_UNITS: Final = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
_KNOWN: Final = {"alert", "expr", "for", "labels", "annotations"}


class RuleFileError(ValueError):
    """A rule file holds what is not understood here."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AlertRule:
    """An alerting rule as Prometheus reads it; `lasting` is its `for`, in seconds."""

    name: str
    expression: str
    lasting: float
    severity: str
    annotations: dict[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Firing:
    """An alert that fires; `at` is when it began to."""

    rule: AlertRule
    labels: dict[str, str]
    at: float
    value: float


def read_rules(folder: Path) -> list[AlertRule]:
    """The alerts of all rule files in a folder; raises RuleFileError."""
    return [rule for path in sorted(folder.glob("*.yaml")) for rule in _rules_of(path)]


def firing(
    rules: Iterable[AlertRule], history: History, *, start: float, end: float, every: float = 15
) -> list[Firing]:
    """What fires between two times when the rules are evaluated so often, each labels once."""
    return [found for rule in rules for found in _firing_of(rule, history, start, end, every)]


def _firing_of(
    rule: AlertRule, history: History, start: float, end: float, every: float
) -> Iterator[Firing]:
    active_since: dict[Labels, float] = {}
    fired: set[Labels] = set()
    at = start
    while at <= end:
        vector = evaluate(rule.expression, history, at)
        if not isinstance(vector, dict):
            raise RuleFileError(f"{rule.name}: the expression is a number and can never be silent")
        active_since = {labels: active_since.get(labels, at) for labels in vector}
        for labels, since in active_since.items():
            if at - since >= rule.lasting and labels not in fired:
                fired.add(labels)
                named = {name: value for name, value in labels if name != NAME}
                yield Firing(rule=rule, labels=named, at=at, value=vector[labels])
        at += every


def _rules_of(path: Path) -> Iterator[AlertRule]:
    for group in yaml.safe_load(path.read_text())["groups"]:
        for rule in group["rules"]:
            if unknown := rule.keys() - _KNOWN:
                raise RuleFileError(f"{path.name}: {', '.join(sorted(unknown))} not supported")
            yield _rule(rule)


def _rule(rule: dict[str, Any]) -> AlertRule:
    return AlertRule(
        name=rule["alert"],
        expression=rule["expr"],
        lasting=_seconds(rule.get("for", "0s")),
        severity=rule["labels"]["severity"],
        annotations=rule["annotations"],
    )


def _seconds(duration: str) -> float:
    parts = re.findall(r"(\d+)(ms|s|m|h|d)", duration)
    if "".join(number + unit for number, unit in parts) != duration:
        raise RuleFileError(f"{duration!r} is no duration")
    return sum(int(number) * _UNITS[unit] for number, unit in parts)
