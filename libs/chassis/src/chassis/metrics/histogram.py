"""A histogram for those who observe a batch: a thousand observations at once cost what one does."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from prometheus_client import Metric
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector


class BulkHistogram(Collector):
    """Collects its own buckets; prometheus_client's Histogram takes one observation a call.

    Not for use from several threads.
    """

    def __init__(
        self, name: str, documentation: str, labels: Sequence[str], buckets: Sequence[float]
    ) -> None:
        self._name = name
        self._documentation = documentation
        self._labels = labels
        self._bounds = tuple(buckets)
        self._series: dict[tuple[str, ...], _Series] = {}
        if not labels:
            self.expect()

    def expect(self, *labels: str) -> None:
        """Show a series from now on, before its first observation."""
        self._series.setdefault(labels, _Series(len(self._bounds) + 1))

    def observe(self, values: Iterable[float], *labels: str) -> None:
        """Take in values that share their labels, in the order of the declaration."""
        self.expect(*labels)
        series, bounds = self._series[labels], self._bounds
        for value in values:
            series.counts[bisect_left(bounds, value)] += 1
            series.sum += value

    def describe(self) -> Iterator[Metric]:
        yield HistogramMetricFamily(self._name, self._documentation, labels=self._labels)

    def collect(self) -> Iterator[Metric]:
        family = HistogramMetricFamily(self._name, self._documentation, labels=self._labels)
        bounds = (*(str(float(bound)) for bound in self._bounds), "+Inf")
        for labels, series in list(self._series.items()):
            buckets: list[tuple[str, float]] = list(
                zip(bounds, accumulate(series.counts), strict=True)
            )
            family.add_metric(labels, buckets, series.sum)
        yield family


class _Series:
    __slots__ = ("counts", "sum")

    def __init__(self, buckets: int) -> None:
        self.counts = [0] * buckets
        self.sum = 0.0
