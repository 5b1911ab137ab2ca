"""Rules, dashboards and runbooks agree with each other and with the metrics that there are."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import promql_parser as promql
import pytest

from chassis.metrics.catalogue import ALL
from chassis.metrics.reference import LIBRARY_PREFIXES
from devkit.observability.files import observability_files
from devkit.observability.grafana import Query
from devkit.observability.panels import filled_in
from devkit.promql.alerting import AlertRule, read_rules

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "charts" / "demo" / "observability"
RUNBOOKS = ROOT / "docs" / "howto" / "runbooks"
RULES = read_rules(SHIPPED / "rules")
DASHBOARDS = {path.stem: json.loads(path.read_text()) for path in SHIPPED.glob("dashboards/*.json")}
KNOWN = {name for metric in ALL for name in metric.samples} | {"up"}


def panels_of(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def names_in(expression: str) -> set[str]:
    names: set[str] = set()

    def note(node: Any) -> bool:
        if isinstance(node, promql.VectorSelector):
            names.add(node.name)
        if isinstance(node, promql.MatrixSelector):
            names.add(node.vector_selector.name)
        return True

    promql.walk(promql.parse(expression), note)
    return names


def unknown_names(expression: str) -> set[str]:
    return {n for n in names_in(expression) - KNOWN if not n.startswith(LIBRARY_PREFIXES)}


def test_what_is_shipped_is_what_is_declared() -> None:
    for path, content in observability_files().items():
        assert (SHIPPED / path).read_text() == content, "run: devkit observability write"
    shipped = {path.relative_to(SHIPPED) for path in SHIPPED.rglob("*.*")}
    assert shipped == set(observability_files())


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.name}-{rule.severity}")
def test_a_rule_uses_metrics_that_there_are_and_leads_to_its_runbook(rule: AlertRule) -> None:
    assert names_in(rule.expression)
    assert not unknown_names(rule.expression)
    assert rule.severity in ("warning", "critical")
    assert {"summary", "description"} <= rule.annotations.keys()
    assert rule.annotations["runbook_url"].endswith(f"/docs/howto/runbooks/{rule.name}.md")


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_promtool_takes_the_rule_files() -> None:
    files = [str(path) for path in (SHIPPED / "rules").glob("*.yaml")]
    finished = subprocess.run(
        ["promtool", "check", "rules", *files], capture_output=True, text=True, check=False
    )

    assert finished.returncode == 0, finished.stdout + finished.stderr


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    runbooks = {path.stem for path in RUNBOOKS.glob("*.md")} - {"README"}

    assert runbooks == {rule.name for rule in RULES}


@pytest.mark.parametrize("name", sorted({rule.name for rule in RULES}))
def test_a_runbook_says_what_to_do_and_names_metrics_that_there_are(name: str) -> None:
    text = (RUNBOOKS / f"{name}.md").read_text()

    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    assert headings == [
        name,
        "What it means",
        "How to look",
        "How to mend",
        "How to know that it is mended",
    ]
    prefixes = {known.split("_")[0] for known in KNOWN}
    mentioned = {
        word
        for code in re.findall(r"`([^`\n]+)`", text)
        for word in re.findall(r"[a-z][a-z0-9_]*_[a-z0-9_]+", code)
        if word.split("_")[0] in prefixes and re.search(r"_(total|seconds|messages|held|up)$", word)
    }
    assert not mentioned - KNOWN - {metric.name for metric in ALL}


def test_there_are_four_dashboards_each_with_an_address_of_its_own() -> None:
    assert DASHBOARDS.keys() == {"sagas", "service", "messaging", "platform"}
    assert len({dashboard["uid"] for dashboard in DASHBOARDS.values()}) == 4


@pytest.mark.parametrize("name", DASHBOARDS)
def test_the_panels_of_a_dashboard_are_described_and_ask_for_metrics_that_there_are(
    name: str,
) -> None:
    dashboard = DASHBOARDS[name]
    assert dashboard["templating"]["list"][0]["type"] == "datasource"
    panels = panels_of(dashboard)
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
    for panel in panels:
        assert panel["title"]
        assert panel["description"].endswith(".")
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert panel["targets"]
        for target in panel["targets"]:
            assert target["datasource"]["uid"] == "${datasource}"
            expression = filled_in(Query(target["expr"]), rate_interval="1m")
            assert not unknown_names(expression), panel["title"]


@pytest.mark.parametrize("name", DASHBOARDS)
def test_no_panel_lies_upon_another(name: str) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARDS[name]["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
