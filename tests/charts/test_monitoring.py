"""What Prometheus and Grafana get of the demo, where somebody wants it."""

import json
from pathlib import Path

import pytest
import yaml

from devkit.charts import Rendering, render
from devkit.deployables import SERVICES, relay_of, with_relay


@pytest.fixture(scope="module")
def watched(charts: Path) -> Rendering:
    values = {
        "global": {"monitoring": {"podMonitors": True}},
        "observability": {"rules": {"enabled": True}, "dashboards": {"enabled": True}},
    }
    return render(charts / "demo", values)


def test_nothing_of_it_is_there_by_itself(demo: Rendering):
    kinds = {manifest["kind"] for manifest in demo.manifests}
    assert not kinds & {"PodMonitor", "PrometheusRule"}


def test_every_service_and_every_relay_is_scraped_under_its_name(watched: Rendering):
    jobs = {
        relabeling["replacement"]
        for monitor in watched.of_kind("PodMonitor")
        for endpoint in monitor["spec"]["podMetricsEndpoints"]
        for relabeling in endpoint["relabelings"]
        if relabeling["targetLabel"] == "job"
    }
    assert jobs == {*SERVICES, *(relay_of(one.name) for one in with_relay())}


def test_every_rule_file_becomes_a_rule(charts: Path, watched: Rendering):
    files = sorted((charts / "demo" / "observability" / "rules").glob("*.yaml"))
    kept = {f"demo-{file.stem}": yaml.safe_load(file.read_text())["groups"] for file in files}
    rules = watched.of_kind("PrometheusRule")
    assert {rule["metadata"]["name"]: rule["spec"]["groups"] for rule in rules} == kept
    assert kept


def test_alerts_lead_to_the_runbooks_of_whoever_installs(charts: Path):
    own = "https://wiki.example/runbooks"
    values = {"observability": {"rules": {"enabled": True, "runbooks": own}}}
    rules = render(charts / "demo", values).of_kind("PrometheusRule")
    urls = {
        rule["annotations"]["runbook_url"]
        for manifest in rules
        for group in manifest["spec"]["groups"]
        for rule in group["rules"]
    }
    assert f"{own}/SagaStuck.md" in urls
    assert all(url.startswith(f"{own}/") for url in urls)


def test_every_dashboard_becomes_a_config_map_that_grafana_finds(charts: Path, watched: Rendering):
    files = (charts / "demo" / "observability" / "dashboards").glob("*.json")
    kept = {file.name: json.loads(file.read_text()) for file in files}
    found = {
        name: json.loads(text)
        for config in watched.of_kind("ConfigMap")
        if config["metadata"]["labels"].get("grafana_dashboard") == "1"
        for name, text in config["data"].items()
    }
    assert found == kept
    assert kept
