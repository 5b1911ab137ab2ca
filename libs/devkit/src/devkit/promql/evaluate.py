"""Evaluating a query at one time."""

import math
import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any, Final

import promql_parser as promql

from devkit.promql.functions import OVER_WINDOWS, histogram_quantile
from devkit.promql.operators import (
    ARITHMETIC,
    COMPARISONS,
    Matching,
    QueryError,
    scalars,
    sets,
    vectors,
    with_scalar,
    without,
)
from devkit.promql.series import NAME, History, Labels, Points, Vector

_SETS: Final = ("and", "or", "unless")
_AGGREGATIONS: Final[dict[str, Callable[[list[float]], float]]] = {
    "sum": math.fsum,
    "min": min,
    "max": max,
    "count": len,
    "avg": lambda values: math.fsum(values) / len(values),
}


class UnsupportedQueryError(NotImplementedError):
    """The query uses what this evaluator does not know; the message names it."""


def evaluate(query: str, history: History, at: float) -> Vector | float:
    """The value of a query at a time: a vector by labels, or a number.

    Raises ValueError for a query that does not parse, QueryError for one that fails on these
    series, UnsupportedQueryError for what is not supported.
    """
    return _Evaluation(history, at).value(promql.parse(query))


class _Evaluation:
    def __init__(self, history: History, at: float) -> None:
        self._history = history
        self._at = at

    def value(self, expression: Any) -> Vector | float:
        evaluators: dict[type[Any], Callable[[Any], Vector | float]] = {
            promql.NumberLiteral: lambda number: float(number.val),
            promql.ParenExpr: lambda parentheses: self.value(parentheses.expr),
            promql.UnaryExpr: self._negated,
            promql.VectorSelector: self._selected,
            promql.AggregateExpr: self._aggregated,
            promql.BinaryExpr: self._combined,
            promql.Call: self._called,
        }
        kind = type(expression)
        if kind not in evaluators:
            raise UnsupportedQueryError(f"{kind.__name__} is not supported")
        return evaluators[kind](expression)

    def _vector(self, expression: Any) -> Vector:
        value = self.value(expression)
        if not isinstance(value, dict):
            raise QueryError(f"{expression.prettify()} is a number, and a vector is needed")
        return value

    def _scalar(self, expression: Any) -> float:
        value = self.value(expression)
        if isinstance(value, dict):
            raise QueryError(f"{expression.prettify()} is a vector, and a number is needed")
        return value

    def _time_of(self, selector: Any) -> float:
        if selector.at is not None:
            raise UnsupportedQueryError("the modifier @ is not supported")
        offset = selector.offset
        return self._at - (offset.total_seconds() if offset is not None else 0.0)

    def _selected(self, selector: Any) -> Vector:
        at = self._time_of(selector)
        return self._history.instant(_name(selector), _matcher(selector), at)

    def _negated(self, expression: Any) -> Vector | float:
        value = self.value(expression.expr)
        if not isinstance(value, dict):
            return -value
        return {without(labels, (NAME,)): -one for labels, one in value.items()}

    def _called(self, call: Any) -> Vector | float:
        name, arguments = call.func.name, call.args
        if name in OVER_WINDOWS:
            return self._over_window(OVER_WINDOWS[name], arguments[0])
        match name:
            case "time":
                return self._at
            case "vector":
                return {frozenset(): self._scalar(arguments[0])}
            case "histogram_quantile":
                return histogram_quantile(self._scalar(arguments[0]), self._vector(arguments[1]))
        raise UnsupportedQueryError(f"the function {name} is not supported")

    def _over_window(
        self, function: Callable[[Points, float, float], float | None], argument: Any
    ) -> Vector:
        if not isinstance(argument, promql.MatrixSelector):
            raise UnsupportedQueryError(f"{type(argument).__name__} is not supported")
        selector, seconds = argument.vector_selector, argument.range.total_seconds()
        at = self._time_of(selector)
        result: Vector = {}
        windows = self._history.window(_name(selector), _matcher(selector), at, seconds)
        for labels, points in windows.items():
            value = function(points, at, seconds)
            if value is not None:
                result[without(labels, (NAME,))] = value
        return result

    def _aggregated(self, expression: Any) -> Vector:
        operation = str(expression.op)
        if operation not in _AGGREGATIONS:
            raise UnsupportedQueryError(f"the aggregation {operation} is not supported")
        groups: defaultdict[Labels, list[float]] = defaultdict(list)
        for labels, value in self._vector(expression.expr).items():
            groups[_group(labels, expression.modifier)].append(value)
        reduce = _AGGREGATIONS[operation]
        return {labels: float(reduce(values)) for labels, values in groups.items()}

    def _combined(self, expression: Any) -> Vector | float:
        op = str(expression.op)
        if op not in (*ARITHMETIC, *COMPARISONS, *_SETS):
            raise UnsupportedQueryError(f"the operator {op} is not supported")
        left, right = self.value(expression.lhs), self.value(expression.rhs)
        as_bool = expression.modifier is not None and expression.modifier.return_bool
        if isinstance(left, dict) and isinstance(right, dict):
            by = _matching(expression.modifier)
            if op in _SETS:
                return sets(op, left, right, by)
            return vectors(op, left, right, by, as_bool=as_bool)
        if isinstance(left, dict):
            assert not isinstance(right, dict)
            return with_scalar(op, left, right, swapped=False, as_bool=as_bool)
        if isinstance(right, dict):
            return with_scalar(op, right, left, swapped=True, as_bool=as_bool)
        return scalars(op, left, right)


def _matching(modifier: Any) -> Matching:
    if modifier is None:
        return Matching()
    if modifier.card == promql.VectorMatchCardinality.OneToMany:
        raise UnsupportedQueryError("group_right is not supported")
    labels = modifier.matching
    return Matching(
        on=labels is not None and labels.type == promql.LabelModifierType.Include,
        labels=tuple(labels.labels) if labels is not None else (),
        group_left=modifier.card == promql.VectorMatchCardinality.ManyToOne,
        included=tuple(modifier.group_labels or ()),
    )


def _group(labels: Labels, modifier: Any) -> Labels:
    if modifier is None:
        return frozenset()
    if modifier.type == promql.AggModifierType.By:
        return frozenset(pair for pair in labels if pair[0] in modifier.labels)
    return without(labels, (*modifier.labels, NAME))


def _matcher(selector: Any) -> Callable[[Mapping[str, str]], bool]:
    if selector.matchers.or_matchers:
        raise UnsupportedQueryError("'or' between matchers is not supported")
    tests = [_test(matcher) for matcher in selector.matchers.matchers]
    return lambda labels: all(test(labels) for test in tests)


def _name(selector: Any) -> str:
    if selector.name is None:
        raise UnsupportedQueryError("a selector without a name is not supported")
    name: str = selector.name
    return name


def _test(matcher: Any) -> Callable[[Mapping[str, str]], bool]:
    name, value = matcher.name, matcher.value
    match matcher.op:
        case promql.MatchOp.Equal:
            return lambda labels: labels.get(name, "") == value
        case promql.MatchOp.NotEqual:
            return lambda labels: labels.get(name, "") != value
        case promql.MatchOp.Re:
            return lambda labels: re.fullmatch(value, labels.get(name, "")) is not None
        case promql.MatchOp.NotRe:
            return lambda labels: re.fullmatch(value, labels.get(name, "")) is None
    raise UnsupportedQueryError(f"the matcher {matcher.op} is not supported")
