"""PromQL's operators between vectors and scalars."""

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from devkit.promql.series import NAME, Labels, Vector


class QueryError(ValueError):
    """The query is not valid for the series that it meets."""


def _divide(left: float, right: float) -> float:
    if right:
        return left / right
    return math.nan if not left or math.isnan(left) else math.copysign(math.inf, left)


ARITHMETIC: Final[dict[str, Callable[[float, float], float]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divide,
}
COMPARISONS: Final[dict[str, Callable[[float, float], bool]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Matching:
    """How elements of two vectors find each other: by all labels, `on` some, `ignoring` some.

    `group_left`: several on the left may have the same partner on the right, whose `included`
    labels they are given.
    """

    on: bool = False
    labels: tuple[str, ...] = ()
    group_left: bool = False
    included: tuple[str, ...] = ()

    def signature(self, labels: Labels) -> Labels:
        if self.on:
            return frozenset(pair for pair in labels if pair[0] in self.labels)
        return without(labels, (*self.labels, NAME))

    def result(self, left: Labels, right: Labels, *, keeps_name: bool) -> Labels:
        if not self.group_left:
            kept = self.signature(left) if self.on else without(left, self.labels)
        else:
            given = frozenset(pair for pair in right if pair[0] in self.included)
            kept = without(left, self.included) | given
        return kept if keeps_name else without(kept, (NAME,))


def without(labels: Labels, names: Sequence[str]) -> Labels:
    return frozenset(pair for pair in labels if pair[0] not in names)


def scalars(op: str, left: float, right: float) -> float:
    if op in ARITHMETIC:
        return ARITHMETIC[op](left, right)
    return float(COMPARISONS[op](left, right))


def with_scalar(op: str, vector: Vector, scalar: float, *, swapped: bool, as_bool: bool) -> Vector:
    """`vector op scalar`, or `scalar op vector` when swapped."""
    result: Vector = {}
    for labels, value in vector.items():
        sides = (scalar, value) if swapped else (value, scalar)
        if op in ARITHMETIC:
            result[without(labels, (NAME,))] = ARITHMETIC[op](*sides)
        elif as_bool:
            result[without(labels, (NAME,))] = float(COMPARISONS[op](*sides))
        elif COMPARISONS[op](*sides):
            result[labels] = value
    return result


def vectors(op: str, left: Vector, right: Vector, by: Matching, *, as_bool: bool) -> Vector:
    partners = _by_signature(right, by)
    if not by.group_left:
        _by_signature(left, by)
    result: Vector = {}
    for labels, value in left.items():
        partner = partners.get(by.signature(labels))
        if partner is None:
            continue
        found = _together(op, value, right[partner], as_bool=as_bool)
        if found is not None:
            keeps_name = op in COMPARISONS and not as_bool
            result[by.result(labels, partner, keeps_name=keeps_name)] = found
    return result


def _together(op: str, left: float, right: float, *, as_bool: bool) -> float | None:
    if op in ARITHMETIC:
        return ARITHMETIC[op](left, right)
    holds = COMPARISONS[op](left, right)
    if as_bool:
        return float(holds)
    return left if holds else None


def sets(op: str, left: Vector, right: Vector, by: Matching) -> Vector:
    """`and`, `or`, `unless`."""
    there = {by.signature(labels) for labels in right}
    if op == "or":
        own = {by.signature(labels) for labels in left}
        return left | {k: v for k, v in right.items() if by.signature(k) not in own}
    wanted = op == "and"
    return {k: v for k, v in left.items() if (by.signature(k) in there) == wanted}


def _by_signature(vector: Vector, by: Matching) -> dict[Labels, Labels]:
    found: dict[Labels, Labels] = {}
    for labels in vector:
        signature = by.signature(labels)
        if signature in found:
            raise QueryError(
                f"two series match as {dict(signature)}: {dict(found[signature])}, {dict(labels)}"
            )
        found[signature] = labels
    return found
