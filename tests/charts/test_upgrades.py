"""What an upgrade changes, and what it leaves alone."""

from pathlib import Path

import pytest
from helm_python import parse_set_string

from devkit.charts import Rendering, render


def pod_specs(rendering: Rendering) -> dict[str, object]:
    """The templates of what stays or runs; the pod of `helm test` is made anew each time."""
    pods = (pod for pod in rendering.pods() if pod.manifest["kind"] != "Pod")
    return {pod.name: pod.manifest["spec"]["template"] for pod in pods}


def test_the_same_values_give_the_same_pods(charts: Path):
    """Passwords aside, which an upgrade finds in the cluster, nothing is made by chance."""
    assert pod_specs(render(charts / "demo")) == pod_specs(render(charts / "demo"))


def test_a_new_image_migrates_and_provisions_anew(charts: Path):
    before = {job["metadata"]["name"] for job in render(charts / "demo").of_kind("Job")}
    values = parse_set_string("order-service.image.tag=0.2.0")
    after = {job["metadata"]["name"] for job in render(charts / "demo", values).of_kind("Job")}
    assert len(before - after) == len(after - before) == 2
    assert all(name.startswith("demo-order-service-") for name in after - before)


def test_a_change_of_one_service_restarts_that_one_only(charts: Path):
    before = pod_specs(render(charts / "demo"))
    after = pod_specs(render(charts / "demo", {"order-service": {"logLevel": "DEBUG"}}))
    changed = {name for name, spec in after.items() if before[name] != spec}
    assert changed == {"Deployment/demo-order-service"}


@pytest.mark.parametrize("values", ["global.labels.team=shop", "order-service.replicaCount=2"])
def test_what_concerns_no_pod_restarts_none(charts: Path, values: str):
    changed = render(charts / "demo", parse_set_string(values))
    assert pod_specs(changed) == pod_specs(render(charts / "demo"))


def test_new_permissions_restart_nats(charts: Path):
    """It reads its configuration when it starts."""
    before = pod_specs(render(charts / "demo"))
    values = {"order-service": {"messaging": {"publishes": ["order.events.>"]}}}
    after = pod_specs(render(charts / "demo", values))
    assert before["StatefulSet/demo-nats"] != after["StatefulSet/demo-nats"]
    assert before["StatefulSet/demo-postgresql"] == after["StatefulSet/demo-postgresql"]


def test_a_new_service_restarts_the_database_which_makes_its_own(charts: Path):
    before = pod_specs(render(charts / "demo", {"order-service": {"enabled": False}}))
    after = pod_specs(render(charts / "demo"))
    assert before["StatefulSet/demo-postgresql"] != after["StatefulSet/demo-postgresql"]
