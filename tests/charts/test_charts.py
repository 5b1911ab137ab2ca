"""The charts as Helm sees them: sound, complete in the tree, and the same when they are packed."""

import shutil
import subprocess
from pathlib import Path

import helm_python
import pytest
import yaml

from chassis.messaging.values import messaging_values
from devkit.charts import Manifest, Rendering, render
from devkit.deployables import DEPLOYABLES, SERVICES, Deployable

SEVERE = 2  # Helm's numbers: 1 info, 2 warning, 3 error


def test_helm_finds_nothing_to_complain_about(case: Path):
    values = yaml.safe_load(case.read_text())
    report = helm_python.lint(case.parents[1], values, strict=True, namespace="shop")
    severe = [message for message in report["messages"] if message["severity"] >= SEVERE]
    assert not severe
    assert not report["errors"]


def test_every_service_has_a_chart_and_the_demo_has_them_all(charts: Path):
    demo = yaml.safe_load((charts / "demo" / "Chart.yaml").read_text())
    dependencies = {dependency["name"] for dependency in demo["dependencies"]}
    assert dependencies == {*SERVICES, "chassis"}
    alone = {path.parent.name for path in charts.glob("*/Chart.yaml")} - {"chassis", "demo"}
    assert alone == set(SERVICES)


@pytest.mark.parametrize("deployable", DEPLOYABLES, ids=lambda one: one.name)
def test_a_chart_says_of_messaging_what_the_service_declares(charts: Path, deployable: Deployable):
    """`chassis describe <package> --format values` prints the block."""
    values = yaml.safe_load((charts / deployable.name / "values.yaml").read_text())
    declared = messaging_values(deployable.topology) if deployable.messaging else {}
    assert values["messaging"] == declared


@pytest.mark.parametrize("deployable", DEPLOYABLES, ids=lambda one: one.name)
def test_a_pod_has_the_parts_that_the_service_is_said_to_have(
    demo: Rendering, deployable: Deployable
):
    pod = next(pod for pod in demo.pods() if pod.name == f"Deployment/demo-{deployable.name}")
    parts = {container["name"] for container in pod.containers()}
    assert parts == {
        "app",
        *(["wait-for-schema"] if deployable.database else []),
        *(["relay"] if deployable.relay else []),
    }


def test_nothing_needs_to_be_fetched_or_built_before_an_installation(charts: Path):
    for chart in charts.glob("*/Chart.yaml"):
        for dependency in yaml.safe_load(chart.read_text()).get("dependencies", ()):
            assert not dependency["repository"], chart
    assert not [*charts.rglob("*.tgz"), *charts.rglob("Chart.lock")]


def test_links_stay_inside_the_folder_of_charts(charts: Path):
    links = [path for path in charts.rglob("*") if path.is_symlink()]
    assert links
    for link in links:
        assert not link.readlink().is_absolute(), link
        assert link.resolve().is_relative_to(charts), link
        assert link.exists(), link


def test_a_packed_chart_renders_to_the_same(case: Path, tmp_path: Path):
    values = yaml.safe_load(case.read_text())
    packed = Path(helm_python.package(case.parents[1], destination=tmp_path))
    names = [m["metadata"]["name"] for m in render(packed, values).manifests]
    assert names == [m["metadata"]["name"] for m in render(case.parents[1], values).manifests]


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_the_same_alone_as_in_the_demo(charts: Path, service: str):
    secrets = {
        "database": {"secret": {"name": f"demo-{service}-database"}},
        "nats": {"secret": {"name": f"demo-{service}-nats"}},
        "provisioning": {"secret": {"name": "demo-nats-provisioner"}},
    }
    shared = yaml.safe_load((charts / "demo" / "values.yaml").read_text())["global"]
    alone = render(charts / service, {**secrets, "global": shared}).manifests
    together = render(charts / "demo").manifests
    assert [manifest for manifest in alone if manifest not in together] == []


def test_a_service_can_be_left_out_of_the_demo(charts: Path):
    left_out = {"inventory-service": {"enabled": False}, "api-gateway": {"enabled": False}}
    without = render(charts / "demo", left_out)
    rest = repr(without.manifests)
    for known in ("inventory.commands", "inventory.events", "inventory-events"):
        rest = rest.replace(known, "")  # of those who send to it, and who listen to it
    assert "inventory" not in rest
    assert not without.of_kind("Pod")  # the test needs all three


if shutil.which("helm"):

    def test_the_helm_on_path_renders_the_same(case: Path):
        """Which may be Helm 3; the tests themselves render with Helm 4."""
        command = ["helm", "template", "demo", case.parents[1], "-n", "shop", "-f", case]
        rendered = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        manifests = [manifest for manifest in yaml.safe_load_all(rendered) if manifest]
        ours = render(case.parents[1], yaml.safe_load(case.read_text())).manifests
        assert sorted(map(without_passwords, manifests)) == sorted(map(without_passwords, ours))


def without_passwords(manifest: Manifest) -> str:
    return yaml.safe_dump(manifest if manifest["kind"] != "Secret" else manifest["metadata"])
