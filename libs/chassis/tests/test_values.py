"""Amounts and counts as requests give them: what is documented is taken, and nothing else."""

from decimal import Decimal
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, ValidationError

from chassis.values import WHOLE, Given, Money, PositiveMoney


class Line(BaseModel):
    price: Annotated[PositiveMoney, Given(integer_digits=3)]
    limit: Annotated[Money, Given(zero=True)] = Decimal(0)
    count: Annotated[int, Field(ge=1, le=9, strict=True), WHOLE] = 1


def price(text: str) -> Decimal:
    return Line.model_validate_json(f'{{"price": {text}}}').price


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        *(('"14.00"', "14.00"), ('"14"', "14.00"), ('"0.01"', "0.01"), ('"999.99"', "999.99")),
        *(
            ("14", "14.00"),
            ("14.0", "14.00"),
            ("0.07", "0.07"),
            ("1e1", "10.00"),
            ('"0.5"', "0.50"),
        ),
    ],
)
def test_an_amount_is_plain_digits_or_a_number(text: str, amount: str):
    assert str(price(text)) == amount


@pytest.mark.parametrize(
    "text",
    [
        *('""', '"0"', '"0.00"', '"00.01"', '"-1"', '"+1"', '" 1"', '"1\\n"', '"1e2"', '"1_0"'),
        *('".5"', '"1."', '"1.001"', '"1000"', '"\u0661"', '"NaN"', '"Infinity"', "null", "true"),
        *("0", "-1", "1.001", "1000", "NaN", "Infinity", "1e300", "[]", "{}", "1" * 5000),
    ],
)
def test_everything_else_is_no_amount(text: str):
    with pytest.raises(ValidationError):
        price(text)


@pytest.mark.parametrize("text", ["0", "-0.0", '"0"', '"0.0"'])
def test_zero_is_an_amount_where_it_is_allowed(text: str):
    assert Line.model_validate_json(f'{{"price": 1, "limit": {text}}}').limit == 0


@given(text=st.from_regex(Given(integer_digits=3).pattern, fullmatch=True))
def test_what_has_the_documented_form_is_taken(text: str):
    assert price(f'"{text}"') == Decimal(text)


@pytest.mark.parametrize(("text", "count"), [("3", 3), ("3.0", 3), ("0.9e1", 9)])
def test_a_whole_number_may_be_written_with_a_fraction_of_nothing(text: str, count: int):
    assert Line.model_validate_json(f'{{"price": 1, "count": {text}}}').count == count


@pytest.mark.parametrize("text", ["0", "10", "1.5", '"1"', "true", "null", "NaN", "1e300"])
def test_everything_else_is_no_count(text: str):
    with pytest.raises(ValidationError):
        Line.model_validate_json(f'{{"price": 1, "count": {text}}}')


def test_the_bounds_are_documented():
    properties = Line.model_json_schema()["properties"]

    text, number = properties["price"]["anyOf"]
    assert text == {"type": "string", "pattern": Given(integer_digits=3).pattern}
    assert (number["minimum"], number["maximum"], number["multipleOf"]) == (0.01, 999.99, 0.01)
    assert (properties["count"]["minimum"], properties["count"]["maximum"]) == (1, 9)
