"""What the dashboards show, without a Grafana: every panel with a sample of its values."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from rich.table import Table

from devkit.observability.dashboards import DASHBOARDS
from devkit.observability.grafana import Panel, Query
from devkit.promql.evaluate import evaluate
from devkit.promql.series import NAME, History

_SHOWN = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The values of one panel's queries at one time, by legend."""

    dashboard: str
    panel: Panel
    values: dict[str, float]


def filled_in(query: Query, *, rate_interval: str) -> str:
    """The expression as Grafana sends it, with everything chosen."""
    expression = query.expression.replace("$__rate_interval", rate_interval)
    return expression.replace("$job", ".+").replace("$saga_type", ".+")


def samples(history: History, at: float, *, rate_interval: str) -> Iterator[Sample]:
    for dashboard in DASHBOARDS.values():
        for panel in dashboard.panels:
            values: dict[str, float] = {}
            for query in panel.queries:
                values |= _values(query, history, at, rate_interval)
            yield Sample(dashboard=dashboard.title, panel=panel, values=values)


def panel_table(found: list[Sample]) -> Table:
    table = Table(title="panels, with a sample of their values")
    for column in ("dashboard", "panel", "unit", "series", "sample"):
        table.add_column(column, overflow="fold")
    for sample in found:
        # the largest values say more than idle series
        largest = sorted(sample.values.items(), key=lambda item: -_finite(item[1]))[:_SHOWN]
        shown = "; ".join(f"{legend or 'all'}: {value:.4g}" for legend, value in largest)
        panel = sample.panel
        table.add_row(sample.dashboard, panel.title, panel.unit, str(len(sample.values)), shown)
    return table


def _values(query: Query, history: History, at: float, rate_interval: str) -> dict[str, float]:
    value = evaluate(filled_in(query, rate_interval=rate_interval), history, at)
    if not isinstance(value, dict):
        return {query.legend: value}
    return {_legend(query, dict(labels)): number for labels, number in value.items()}


def _legend(query: Query, labels: dict[str, str]) -> str:
    if not query.legend:
        return ", ".join(text for name, text in sorted(labels.items()) if name != NAME)
    legend = query.legend
    for name, text in labels.items():
        legend = legend.replace(f"{{{{{name}}}}}", text)
    return legend


def _finite(value: float) -> float:
    return value if math.isfinite(value) else -math.inf
