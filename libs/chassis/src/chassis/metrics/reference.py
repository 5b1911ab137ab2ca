"""`docs/reference/metrics.md`, written from the catalogue."""

from collections.abc import Iterable
from typing import Final

from chassis.metrics.catalogue import ALL
from chassis.metrics.declaration import Metric

# of prometheus_client's own collectors, which every process has
LIBRARY_PREFIXES: Final = ("process_", "python_")

_HEAD: Final = """\
# Metrics

Written by `python -m chassis.metrics`; do not edit. Every service exposes its metrics on
`/metrics` of its HTTP port, every relay on `/metrics` of its own. Histograms have the usual
`_bucket`, `_sum` and `_count`.

A scrape must set `job` to the deployable's name, `order-service` or `order-service-relay`, and
`instance` to the process: rules and dashboards group by them. Values *of the whole database* are
the same in all replicas, so they are read with `max`; the others are summed.

All processes also expose `process_*` (CPU, memory, file descriptors) and `python_info`.
"""


_TABLE_HEAD: Final = """\
| name | type | labels | unit | meaning | exposed by |
| --- | --- | --- | --- | --- | --- |
"""


def reference() -> str:
    """The page: a table for each prefix."""
    sections = [f"\n## {title}\n\n{_table(metrics)}" for title, metrics in _by_area().items()]
    return _HEAD + "".join(sections)


def _by_area() -> dict[str, list[Metric]]:
    areas: dict[str, list[Metric]] = {}
    for metric in sorted(ALL, key=lambda metric: metric.name):
        areas.setdefault(metric.name.partition("_")[0], []).append(metric)
    return areas


def _table(metrics: Iterable[Metric]) -> str:
    return _TABLE_HEAD + "".join(_row(metric) for metric in metrics)


def _row(metric: Metric) -> str:
    labels = ", ".join(f"`{label}`" for label in metric.labels) or "none"
    exposers = ", ".join(metric.exposed_by)
    return (
        f"| `{metric.name}` | {metric.kind} | {labels} | {metric.unit} | {metric.meaning} "
        f"| {exposers} |\n"
    )
