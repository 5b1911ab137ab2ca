"""Values that several services' APIs and messages share the form of."""

from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

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

Reference = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
"""An identifier that somebody outside chose: a customer number, a product number."""

Name = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,200}$")]
"""What people call something: one line of text."""
