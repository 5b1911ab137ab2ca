"""PromQL's functions over a window of points, and over buckets.

`rate` and `increase` extrapolate to the ends of the window exactly as Prometheus does.
"""

import math
from collections import defaultdict
from collections.abc import Callable
from itertools import pairwise
from typing import Final

from devkit.promql.series import NAME, Labels, Points, Vector

_AVERAGES_TO_EXTRAPOLATE: Final = 1.1
_ENOUGH: Final = 2


def increase(points: Points, at: float, seconds: float) -> float | None:
    """The growth of a counter within the window, resets taken into account."""
    if len(points) < _ENOUGH:
        return None
    growth = _growth(points)
    (first, first_value), (last, _) = points[0], points[-1]
    sampled = last - first
    average = sampled / (len(points) - 1)
    to_start, to_end = first - (at - seconds), at - last
    if to_start >= average * _AVERAGES_TO_EXTRAPOLATE:
        to_start = average / 2
    if growth > 0 and first_value >= 0:  # a counter does not go below zero
        to_start = min(to_start, sampled * first_value / growth)
    if to_end >= average * _AVERAGES_TO_EXTRAPOLATE:
        to_end = average / 2
    return growth * (sampled + to_start + to_end) / sampled


def rate(points: Points, at: float, seconds: float) -> float | None:
    grown = increase(points, at, seconds)
    return None if grown is None else grown / seconds


def deriv(points: Points, _at: float, _seconds: float) -> float | None:
    """The slope of the line through the points, by least squares."""
    if len(points) < _ENOUGH:
        return None
    origin = points[0][0]
    mean_x = sum(time - origin for time, _ in points) / len(points)
    mean_y = sum(value for _, value in points) / len(points)
    covariance = sum((time - origin - mean_x) * (value - mean_y) for time, value in points)
    return covariance / sum((time - origin - mean_x) ** 2 for time, _ in points)


OVER_WINDOWS: Final[dict[str, Callable[[Points, float, float], float | None]]] = {
    "increase": increase,
    "rate": rate,
    "deriv": deriv,
}


def histogram_quantile(quantile: float, buckets: Vector) -> Vector:
    """The quantile of each histogram among the buckets, interpolated within its bucket."""
    histograms: defaultdict[Labels, list[tuple[float, float]]] = defaultdict(list)
    for labels, count in buckets.items():
        named = dict(labels)
        if "le" in named:
            rest = frozenset(pair for pair in labels if pair[0] not in ("le", NAME))
            histograms[rest].append((float(named["le"]), count))
    return {labels: _quantile(quantile, sorted(found)) for labels, found in histograms.items()}


def _growth(points: Points) -> float:
    values = [value for _, value in points]
    resets = sum(before for before, after in pairwise(values) if after < before)
    return values[-1] - values[0] + resets


def _quantile(quantile: float, buckets: list[tuple[float, float]]) -> float:
    if len(buckets) < _ENOUGH or buckets[-1][0] != math.inf or buckets[-1][1] == 0:
        return math.nan
    counts = [count for _, count in buckets]
    for place in range(1, len(counts)):  # rates of buckets scraped apart may not be cumulative
        counts[place] = max(counts[place], counts[place - 1])
    rank = quantile * counts[-1]
    place = next(place for place, count in enumerate(counts) if count >= rank)
    if place == len(buckets) - 1:
        return buckets[-2][0]
    upper = buckets[place][0]
    if place == 0:
        return upper if upper <= 0 else upper * rank / counts[0]
    lower, below = buckets[place - 1][0], counts[place - 1]
    return lower + (upper - lower) * (rank - below) / (counts[place] - below)
