"""Samples over time, as a Prometheus would have stored them."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

Labels = frozenset[tuple[str, str]]
Vector = dict[Labels, float]
Points = list[tuple[float, float]]

NAME: Final = "__name__"
LOOKBACK_SECONDS: Final = 300.0


def labels_of(**labels: str) -> Labels:
    """Labels without the empty ones: to Prometheus they are not there."""
    return frozenset((name, value) for name, value in labels.items() if value)


Matches = Callable[[Mapping[str, str]], bool]


@dataclass(slots=True)
class _Series:
    labels: Labels
    named: dict[str, str]
    times: list[float] = field(default_factory=list)
    values: list[float | None] = field(default_factory=list)
    """None marks where the series went away."""


class History:
    """Series by their labels. Times are Unix seconds and only go forward in each series."""

    def __init__(self) -> None:
        self._series: dict[Labels, _Series] = {}
        self._by_name: defaultdict[str, list[_Series]] = defaultdict(list)
        self._shown: dict[tuple[str, str], set[Labels]] = {}

    def scraped(self, page: str | None, *, at: float, job: str, instance: str) -> None:
        """Enter one scrape of one target; None for a target that did not answer."""
        samples = {} if page is None else read_page(page, job, instance)
        for gone in self._shown.get((job, instance), set()) - samples.keys():
            self._append(gone, at, None)
        for labels, value in samples.items():
            self._append(labels, at, value)
        self._shown[job, instance] = set(samples)
        up = labels_of(**{NAME: "up"}, job=job, instance=instance)
        self._append(up, at, float(page is not None))

    def add(self, name: str, points: Iterable[tuple[float, float]], **labels: str) -> None:
        """Enter a series of one's own."""
        for at, value in points:
            self._append(labels_of(**{NAME: name}, **labels), at, value)

    def instant(self, name: str, matches: Matches, at: float) -> Vector:
        """The last value of each series, not older than five minutes."""
        found: Vector = {}
        for series in self._matching(name, matches):
            last = bisect_right(series.times, at) - 1
            if last < 0 or series.times[last] <= at - LOOKBACK_SECONDS:
                continue
            value = series.values[last]
            if value is not None:
                found[series.labels] = value
        return found

    def window(
        self, name: str, matches: Matches, at: float, seconds: float
    ) -> dict[Labels, Points]:
        """The points of each series after `at - seconds` and up to `at`."""
        found: dict[Labels, Points] = {}
        for series in self._matching(name, matches):
            first = bisect_right(series.times, at - seconds)
            last = bisect_right(series.times, at)
            pairs = zip(series.times[first:last], series.values[first:last], strict=True)
            points = [(time, value) for time, value in pairs if value is not None]
            if points:
                found[series.labels] = points
        return found

    def _matching(self, name: str, matches: Matches) -> list[_Series]:
        return [series for series in self._by_name[name] if matches(series.named)]

    def _append(self, labels: Labels, at: float, value: float | None) -> None:
        series = self._series.get(labels)
        if series is None:
            series = self._series[labels] = _Series(labels, dict(labels))
            self._by_name[series.named[NAME]].append(series)
        if series.times and at <= series.times[-1]:
            raise ValueError(f"{series.named} has a sample at {series.times[-1]}, after {at}")
        series.times.append(at)
        series.values.append(value)


@lru_cache(maxsize=256)
def read_page(page: str, job: str, instance: str) -> dict[Labels, float]:
    """The samples of a target's page; a page that is entered again and again is read once."""
    return {
        labels_of(**{**sample.labels, "job": job, "instance": instance, NAME: sample.name}): float(
            sample.value
        )
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }
