"""What several rounds of the same measurement gave."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    """The least, the middle and the greatest value of the rounds."""

    min: float
    median: float
    max: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """Raises statistics.StatisticsError where there are no values."""
        median = statistics.median(values)
        return cls(min=min(values), median=median, max=max(values))

    @classmethod
    def of_ratios(cls, values: Sequence[float], others: Sequence[float]) -> Self:
        """Ratios within each round: what disturbs a round disturbs both of its halves."""
        return cls.of([value / other for value, other in zip(values, others, strict=True)])
