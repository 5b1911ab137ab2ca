"""Values that several services' APIs and messages share the form of."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StringConstraints,
)
from pydantic_core import CoreSchema, core_schema

CENT = Decimal("0.01")


def to_cents(amount: Decimal) -> Decimal:
    """The amount with two places, so that equal amounts are written the same."""
    return amount.quantize(CENT)


Money = Annotated[Decimal, Field(max_digits=14, decimal_places=2), AfterValidator(to_cents)]
"""An amount in the platform's one currency; a JSON string such as `"14.00"`."""

PositiveMoney = Annotated[
    Decimal, Field(gt=0, max_digits=14, decimal_places=2), AfterValidator(to_cents)
]

Sum = Annotated[Decimal, AfterValidator(to_cents)]
"""Amounts added up, however many: a sum may be larger than any one of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """On an amount that a request gives: bounds and form, checked as OpenAPI documents them.

        unit_price: Annotated[PositiveMoney, Given(integer_digits=8)]

    A string of plain digits, as `"14.00"`, or a number; at least 0.01, or 0 where that is allowed.
    """

    integer_digits: int = 12
    zero: bool = False

    @property
    def pattern(self) -> str:
        """Of the string form."""
        cents = r"(?:\.[0-9]{1,2})?"
        from_one = rf"[1-9][0-9]{{0,{self.integer_digits - 1}}}{cents}"
        below_one = rf"0{cents}" if self.zero else r"0\.(?:[1-9][0-9]?|0[1-9])"
        return f"^(?:{from_one}|{below_one})$"

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        if handler.mode == "serialization":
            return handler(schema)
        most = 10**self.integer_digits - CENT
        least = 0 if self.zero else float(CENT)
        number = {"minimum": least, "maximum": float(most), "multipleOf": float(CENT)}
        return {
            "anyOf": [{"type": "string", "pattern": self.pattern}, {"type": "number", **number}]
        }

    def _check(self, value: object) -> object:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            return value
        # 0 is added to make a negative zero none
        text = value if isinstance(value, str) else format(Decimal(str(value)) + 0, "f")
        if not re.fullmatch(self.pattern, text):
            least, most = "0.00" if self.zero else "0.01", "9" * self.integer_digits + ".99"
            raise ValueError(f"an amount is written like 14.00, from {least} to {most}")
        return value


def _whole(value: object) -> object:
    """JSON knows one kind of number: 12.0 is an integer there."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


WHOLE = BeforeValidator(_whole)
"""Behind the bounds of a strict `int`: a number without a fraction, however it is written."""

Reference = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
"""An identifier that somebody outside chose: a customer number, a product number."""

Name = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,200}$")]
"""What people call something: one line of text."""
