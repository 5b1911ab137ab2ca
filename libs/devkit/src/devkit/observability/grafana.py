"""A dashboard as it is declared, and the JSON that Grafana imports."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

_SCHEMA_VERSION: Final = 39
_COLUMNS: Final = 24
_ROW_HEIGHT: Final = 1
_PANEL_HEIGHT: Final = 8
_STAT_HEIGHT: Final = 4
_DATASOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}


class Look(StrEnum):
    """Grafana's panel types, as far as they are used."""

    LINES = "timeseries"
    NUMBER = "stat"
    HEATMAP = "heatmap"
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class Query:
    """A PromQL expression; `legend` names its series by their labels."""

    expression: str
    legend: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """`unit` is one of Grafana's; `limit` draws the line that an alert draws."""

    title: str
    description: str
    unit: str
    queries: tuple[Query, ...]
    look: Look = Look.LINES
    width: int = 8
    limit: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A choice of label values, all of them at first."""

    name: str
    query: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    uid: str
    title: str
    description: str
    rows: tuple[Row, ...]
    variables: tuple[Variable, ...] = ()

    @property
    def panels(self) -> list[Panel]:
        return [panel for row in self.rows for panel in row.panels]

    def as_json(self) -> str:
        content = {
            "uid": self.uid,
            "title": self.title,
            "description": self.description,
            "tags": ["longship"],
            "editable": False,
            "schemaVersion": _SCHEMA_VERSION,
            "refresh": "30s",
            "time": {"from": "now-1h", "to": "now"},
            "templating": {"list": [_datasource(), *(_variable(v) for v in self.variables)]},
            "links": [_links()],
            "panels": list(_laid_out(self.rows)),
        }
        return json.dumps(content, indent=2) + "\n"


def _datasource() -> dict[str, Any]:
    return {
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": "prometheus",
    }


def _variable(variable: Variable) -> dict[str, Any]:
    return {
        "name": variable.name,
        "type": "query",
        "datasource": _DATASOURCE,
        "query": {"query": variable.query, "refId": variable.name},
        "definition": variable.query,
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".+",
        "current": {"text": ["All"], "value": ["$__all"]},
    }


def _links() -> dict[str, Any]:
    return {
        "type": "dashboards",
        "title": "Longship",
        "tags": ["longship"],
        "asDropdown": True,
        "includeVars": False,
        "keepTime": True,
    }


def _laid_out(rows: Sequence[Row]) -> Iterator[dict[str, Any]]:
    number, top = 1, 0
    for row in rows:
        yield {
            "id": number,
            "type": "row",
            "title": row.title,
            "collapsed": False,
            "panels": [],
            "gridPos": {"x": 0, "y": top, "w": _COLUMNS, "h": _ROW_HEIGHT},
        }
        number, top, left, height = number + 1, top + _ROW_HEIGHT, 0, 0
        for panel in row.panels:
            if left + panel.width > _COLUMNS:
                left, top, height = 0, top + height, 0
            own = _STAT_HEIGHT if panel.look is Look.NUMBER else _PANEL_HEIGHT
            place = {"x": left, "y": top, "w": panel.width, "h": own}
            yield {"id": number, "gridPos": place, **_panel(panel)}
            number, left, height = number + 1, left + panel.width, max(height, own)
        top += height


def _panel(panel: Panel) -> dict[str, Any]:
    return {
        "type": panel.look.value,
        "title": panel.title,
        "description": panel.description,
        "datasource": _DATASOURCE,
        "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
        "options": _options(panel.look),
        "targets": [
            _target(query, chr(ord("A") + place), panel.look)
            for place, query in enumerate(panel.queries)
        ],
    }


def _target(query: Query, reference: str, look: Look) -> dict[str, Any]:
    target = {
        "refId": reference,
        "datasource": _DATASOURCE,
        "expr": query.expression,
        "legendFormat": query.legend or "__auto",
        "instant": look in (Look.NUMBER, Look.TABLE),
        "range": look in (Look.LINES, Look.HEATMAP),
    }
    shape = {Look.HEATMAP: "heatmap", Look.TABLE: "table"}.get(look, "time_series")
    return {**target, "format": shape}


def _defaults(panel: Panel) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if panel.limit is not None:
        steps.append({"color": "red", "value": panel.limit})
    drawn = {"mode": "dashed" if panel.limit is not None else "off"}
    return {
        "unit": panel.unit,
        "min": 0,
        "thresholds": {"mode": "absolute", "steps": steps},
        "custom": {"thresholdsStyle": drawn} if panel.look is Look.LINES else {},
    }


def _options(look: Look) -> dict[str, Any]:
    match look:
        case Look.LINES:
            return {
                "legend": {"displayMode": "table", "placement": "bottom", "calcs": ["lastNotNull"]},
                "tooltip": {"mode": "multi", "sort": "desc"},
            }
        case Look.NUMBER:
            return {"reduceOptions": {"calcs": ["lastNotNull"]}, "colorMode": "value"}
        case Look.HEATMAP:
            return {"calculate": False, "color": {"mode": "scheme", "scheme": "Blues"}}
        case Look.TABLE:
            return {"showHeader": True}
