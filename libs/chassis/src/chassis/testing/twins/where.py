"""Evaluating the conditions and the order of a select over rows in memory.

What is understood: comparisons of columns with values, IN, `= ANY(array)`, IS, AND, OR, NOT.
"""

import operator
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import (
    BinaryExpression,
    BindParameter,
    BooleanClauseList,
    CollectionAggregate,
    ColumnClause,
    False_,
    Grouping,
    Null,
    True_,
    UnaryExpression,
)

from chassis.testing.twins.limits import TwinLimitError
from chassis.testing.twins.rows import Row

_COMPARISONS: dict[Any, Callable[[Any, Any], bool]] = {
    operators.eq: operator.eq,
    operators.ne: operator.ne,
    operators.lt: operator.lt,
    operators.le: operator.le,
    operators.gt: operator.gt,
    operators.ge: operator.ge,
}
_OTHERS: dict[Any, Callable[[Any, Any], bool]] = {
    operators.is_: lambda left, right: left is right,
    operators.is_not: lambda left, right: left is not right,
    operators.in_op: lambda left, right: left is not None and left in right,
    operators.not_in_op: lambda left, right: left is not None and left not in right,
}


class Condition:
    """A where clause with the parameters of one execution."""

    def __init__(
        self, table: str, clause: ColumnElement[Any] | None, parameters: Mapping[str, Any]
    ) -> None:
        self._table = table
        self._clause = clause
        self._parameters = parameters

    def holds(self, row: Row) -> bool:
        """Whether a row is among the result; what is unknown in SQL's logic is not."""
        return self._clause is None or bool(self._value(self._clause, row))

    def _value(self, clause: Any, row: Row) -> Any:  # noqa: PLR0911 - one for each construct
        match clause:
            case Null() | True_() | False_():
                return {Null: None, True_: True}.get(type(clause), False)
            case Grouping() | CollectionAggregate():
                return self._value(clause.element, row)
            case BindParameter():
                return self._parameters.get(clause.key, clause.effective_value)
            case ColumnClause() if getattr(clause.table, "name", None) == self._table:
                return row[clause.key]
            case BooleanClauseList():
                parts = (bool(self._value(part, row)) for part in clause.clauses)
                return all(parts) if clause.operator is operators.and_ else any(parts)
            case BinaryExpression():
                return self._compare(clause, row)
            case UnaryExpression() if clause.operator is operators.inv:
                return not self._value(clause.element, row)
        raise TwinLimitError(
            f"a twin does not understand `{clause}` in a query: select by comparisons of columns "
            "with values, or test it on the real database"
        )

    def _compare(self, clause: BinaryExpression[Any], row: Row) -> bool:
        left, right = self._value(clause.left, row), self._value(clause.right, row)
        if clause.operator in _OTHERS:
            return _OTHERS[clause.operator](left, right)
        if clause.operator not in _COMPARISONS:
            raise TwinLimitError(f"a twin does not understand the operator of `{clause}`")
        if left is None or right is None:
            return False
        if isinstance(clause.right, CollectionAggregate):
            return any(_COMPARISONS[clause.operator](left, one) for one in right)
        return _COMPARISONS[clause.operator](left, right)


def in_order(rows: list[Row], order_by: tuple[Any, ...]) -> list[Row]:
    """Rows by the columns that a select orders by; nulls come last."""
    for clause in reversed(order_by):
        descending = getattr(clause, "modifier", None) is operators.desc_op
        column = clause.element if isinstance(clause, UnaryExpression) else clause
        if not isinstance(column, ColumnClause):
            raise TwinLimitError(f"a twin orders by columns, and not by `{clause}`")
        rows = sorted(rows, key=_sort_key(column.key), reverse=descending)
    return rows


def _sort_key(key: str) -> Callable[[Row], tuple[bool, Any]]:
    return lambda row: (row[key] is None, row[key] if row[key] is not None else 0)
