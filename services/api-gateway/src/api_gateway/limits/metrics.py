"""How often somebody was told to wait."""

from typing import Final

from chassis.metrics import catalogue

_LIMITED: Final = catalogue.RATE_LIMITED.counter()
for _scope in ("address", "subject"):
    _LIMITED.labels(_scope)


def limited(scope: str) -> None:
    _LIMITED.labels(scope).inc()
