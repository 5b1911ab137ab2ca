"""The histogram of publish lag: a thousand observations at once cost what one does."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Final

from prometheus_client import Metric
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector

BUCKETS_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60)


class LagHistogram(Collector):
    """Collects its own buckets; prometheus_client's Histogram takes one observation a call."""

    def __init__(self, name: str, documentation: str) -> None:
        self._name = name
        self._documentation = documentation
        self._counts = [0] * (len(BUCKETS_SECONDS) + 1)
        self._sum = 0.0

    def observe(self, lags: Iterable[float]) -> None:
        for lag in lags:
            self._counts[bisect_left(BUCKETS_SECONDS, lag)] += 1
            self._sum += lag

    def collect(self) -> Iterator[Metric]:
        bounds = (*(str(float(bound)) for bound in BUCKETS_SECONDS), "+Inf")
        buckets: Sequence[tuple[str, float]] = list(
            zip(bounds, accumulate(self._counts), strict=True)
        )
        yield HistogramMetricFamily(self._name, self._documentation, buckets, self._sum)
