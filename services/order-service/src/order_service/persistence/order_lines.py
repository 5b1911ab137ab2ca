"""The lines of an order as one JSON column: values, read and written with their order."""

from collections.abc import Sequence
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Dialect
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

from order_service.domain.order_line import OrderLine

_LINES = TypeAdapter(tuple[OrderLine, ...])


class OrderLines(TypeDecorator[tuple[OrderLine, ...]]):
    """`[{"product_id": "11", "quantity": 12, "unit_price": "14.00"}, …]`."""

    impl = JSONB
    cache_ok = True

    def process_bind_param(self, value: Sequence[OrderLine] | None, _dialect: Dialect) -> Any:
        return None if value is None else _LINES.dump_python(tuple(value), mode="json")

    def process_result_value(self, value: Any, _dialect: Dialect) -> tuple[OrderLine, ...] | None:
        return None if value is None else _LINES.validate_python(value)
