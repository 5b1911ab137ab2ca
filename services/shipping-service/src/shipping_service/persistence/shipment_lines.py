"""The lines of a shipment as one JSON column: values, read and written with their shipment."""

from collections.abc import Sequence
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Dialect
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

from shipping_service.domain.shipment import ShipmentLine

_LINES = TypeAdapter(tuple[ShipmentLine, ...])


class ShipmentLines(TypeDecorator[tuple[ShipmentLine, ...]]):
    """`[{"product_id": "11", "quantity": 12}, …]`."""

    impl = JSONB
    cache_ok = True

    def process_bind_param(self, value: Sequence[ShipmentLine] | None, _dialect: Dialect) -> Any:
        return None if value is None else _LINES.dump_python(tuple(value), mode="json")

    def process_result_value(
        self, value: Any, _dialect: Dialect
    ) -> tuple[ShipmentLine, ...] | None:
        return None if value is None else _LINES.validate_python(value)
