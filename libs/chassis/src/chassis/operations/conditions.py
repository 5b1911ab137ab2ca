"""Statements with as many conditions as an operator gives: constants, and values as parameters."""

from collections.abc import Iterable
from typing import Any

Condition = tuple[Any, ...]
"""SQL of a condition, with `{}` for the value that follows it, if it has one."""


def where(conditions: Iterable[Condition], first: int = 1) -> tuple[str, list[Any]]:
    """The conditions joined by AND, and their values, numbered from `$first` on."""
    joined: list[str] = []
    values: list[Any] = []
    for condition, *value in conditions:
        values += value
        joined.append(condition.format(f"${first + len(values) - 1}") if value else condition)
    return " AND ".join(joined) or "true", values
