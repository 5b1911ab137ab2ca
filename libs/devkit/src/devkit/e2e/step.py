"""One step of the run, and what it works with."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from devkit.e2e.forwards import Forwards
from devkit.e2e.release import Release
from devkit.e2e.shop import Shop
from devkit.platform import Addresses
from devkit.progress import Stages


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """An installed release with its shop, and how large the steps' portions are.

    ``rate`` is in orders a second, for orders that are placed while something happens.
    """

    release: Release
    forwards: Forwards
    addresses: Addresses
    shop: Shop
    stages: Stages
    orders: int
    rate: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """Figures for the last line, and a sentence for everything that is not as it should be."""

    figures: dict[str, Any]
    faults: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Step:
    """Places so many tenths of the number of orders that the run is told."""

    name: str
    take: Callable[[Surroundings], Awaitable[Result]]
    tenths: int = 0
