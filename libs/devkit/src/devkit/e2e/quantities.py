"""Quantities as Kubernetes writes them."""

import re
from decimal import Decimal

_UNITS = {
    "m": Decimal("0.001"),
    "": Decimal(1),
    "k": Decimal(10**3),
    "M": Decimal(10**6),
    "G": Decimal(10**9),
    "T": Decimal(10**12),
    "Ki": Decimal(2**10),
    "Mi": Decimal(2**20),
    "Gi": Decimal(2**30),
    "Ti": Decimal(2**40),
}


def quantity(text: str) -> Decimal:
    """Cores, or bytes. Raises ValueError."""
    parts = re.fullmatch(r"([0-9.]+)([A-Za-z]*)", text)
    if parts is None or parts[2] not in _UNITS:
        raise ValueError(f"{text!r} is no quantity")
    return Decimal(parts[1]) * _UNITS[parts[2]]
