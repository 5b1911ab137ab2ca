"""The files that charts ship, written from the declarations."""

from pathlib import Path

from devkit.observability.alerts import ALERTS
from devkit.observability.dashboards import DASHBOARDS
from devkit.observability.rules import rule_file


def observability_files() -> dict[Path, str]:
    """Contents by path below the chart's `observability` folder."""
    rules = {
        Path("rules", f"{name}.yaml"): rule_file(name, group) for name, group in ALERTS.items()
    }
    dashboards = {
        Path("dashboards", f"{name}.json"): dashboard.as_json()
        for name, dashboard in DASHBOARDS.items()
    }
    return rules | dashboards


def write_observability(folder: Path) -> list[Path]:
    """Write all of them; what is there beside them is left alone."""
    written = []
    for path, content in observability_files().items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)
        written.append(target)
    return written
