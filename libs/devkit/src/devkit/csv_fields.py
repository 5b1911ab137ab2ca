"""What the fields of an input file may hold. Each function raises FieldError with the reason."""

import re
from datetime import date
from decimal import Decimal, InvalidOperation

from devkit.csv_table import FieldError

_IDENTIFIER = re.compile(r"[A-Za-z0-9._-]{1,64}")
_LONGEST_TEXT = 200
_SHOWN = 40
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LARGEST_COUNT = 1_000_000_000
_LARGEST_QUANTITY = 1_000_000
_LARGEST_AMOUNT = Decimal(1_000_000_000)
_LARGEST_PRICE = Decimal("99999999.99")


def identifier(text: str) -> str:
    if not _IDENTIFIER.fullmatch(text):
        raise FieldError(f"{_shown(text)} is not 1 to 64 letters, digits, '.', '_' or '-'")
    return text


def words(text: str) -> str:
    if not text:
        raise FieldError("is empty")
    if len(text) > _LONGEST_TEXT:
        raise FieldError(f"is longer than {_LONGEST_TEXT} characters")
    if _CONTROL.search(text):
        raise FieldError(f"{_shown(text)} holds a control character")
    return text


def amount(text: str) -> Decimal:
    """Money: not negative, at most two places."""
    try:
        value = Decimal(text)
    except InvalidOperation as error:
        raise FieldError(f"{_shown(text)} is not a number") from error
    if not value.is_finite():
        raise FieldError(f"{_shown(text)} is not a number")
    if value < 0:
        raise FieldError(f"{text} is negative")
    if value > _LARGEST_AMOUNT:
        raise FieldError(f"{text} is more than {_LARGEST_AMOUNT}")
    if value != round(value, 2):
        raise FieldError(f"{text} has more than two places")
    return round(value, 2)


def price(text: str) -> Decimal:
    """What one of something costs in an order."""
    value = amount(text)
    if value == 0:
        raise FieldError("is 0: nothing is ordered for free")
    if value > _LARGEST_PRICE:
        raise FieldError(f"{text} is more than {_LARGEST_PRICE}")
    return value


def count(text: str) -> int:
    """A whole number that is not negative."""
    if not re.fullmatch(r"[+-]?[0-9]{1,20}", text):
        raise FieldError(f"{_shown(text)} is not a whole number")
    value = int(text)
    if value < 0:
        raise FieldError(f"{text} is negative")
    if value > _LARGEST_COUNT:
        raise FieldError(f"{text} is more than {_LARGEST_COUNT}")
    return value


def quantity(text: str) -> int:
    """How many of something are ordered."""
    value = count(text)
    if value == 0:
        raise FieldError("is 0: an order line has at least 1")
    if value > _LARGEST_QUANTITY:
        raise FieldError(f"{text} is more than {_LARGEST_QUANTITY}")
    return value


def day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise FieldError(f"{_shown(text)} is not a date such as 1996-07-04") from error


def _shown(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "…")
