"""A service gets what it needs for the parts that it has, and nothing of the others."""

from pathlib import Path
from typing import Any

import pytest
from helm_python import HelmError

from devkit.charts import Pod, Rendering, render
from devkit.network_policies import edges

READS_ONLY = {
    "messaging": {
        "streams": [],
        "consumers": [{"stream": "order-events", "durables": ["customer-service-0"]}],
        "publishes": [],
    }
}
STATELESS = {
    "messaging": {"streams": [], "consumers": [], "publishes": []},
    "database": {"enabled": False},
}
WATCHED = {"global": {"monitoring": {"podMonitors": True}}}


@pytest.fixture(scope="module")
def quiet(charts: Path) -> Rendering:
    """The demo with a customer-service that publishes nothing."""
    return render(charts / "demo", {"customer-service": READS_ONLY, **WATCHED})


@pytest.fixture(scope="module")
def stateless(charts: Path) -> Rendering:
    """The demo with a customer-service that has neither a database nor messaging."""
    return render(charts / "demo", {"customer-service": STATELESS, **WATCHED})


def pod_of(rendering: Rendering) -> Pod:
    return next(pod for pod in rendering.pods() if pod.name == "Deployment/demo-customer-service")


def containers_of(rendering: Rendering) -> dict[str, dict[str, Any]]:
    return {container["name"]: container for container in pod_of(rendering).containers()}


def names_of(rendering: Rendering, kind: str) -> set[str]:
    """Without the hash of a Job's pod."""
    names = {manifest["metadata"]["name"] for manifest in rendering.of_kind(kind)}
    return {name[:-9] if kind == "Job" else name for name in names if "customer" in name}


def scraped(rendering: Rendering) -> list[str]:
    monitor = rendering.named("PodMonitor", "demo-customer-service")
    return [endpoint["port"] for endpoint in monitor["spec"]["podMetricsEndpoints"]]


def test_who_publishes_nothing_has_no_relay(quiet: Rendering):
    containers = containers_of(quiet)
    assert set(containers) == {"wait-for-schema", "app"}
    variables = {variable["name"] for variable in containers["app"]["env"]}
    assert {"DATABASE_URL_FILE", "NATS_URL_FILE"} <= variables
    assert "RELAY_POKE_PORT" not in variables
    assert scraped(quiet) == ["http"]
    assert names_of(quiet, "Job") == {
        "demo-customer-service-migrate",
        "demo-customer-service-provision",
    }


def test_without_a_relay_there_is_nobody_for_its_passwords(quiet: Rendering):
    assert quiet.named("Secret", "demo-customer-service-database")["stringData"].keys() == {"url"}
    assert quiet.named("Secret", "demo-customer-service-nats")["stringData"].keys() == {"url"}
    broker = quiet.named("Secret", "demo-nats")["stringData"]
    assert "customer-service" in broker
    assert "customer-service-relay" not in broker
    assert "customer_service_relay" not in quiet.named("Secret", "demo-postgresql")["stringData"]
    assert "customer-service-relay" not in nats_configuration(quiet)


def test_who_has_neither_database_nor_messaging_starts_at_once(stateless: Rendering):
    containers = containers_of(stateless)
    assert set(containers) == {"app"}
    variables = {variable["name"] for variable in containers["app"]["env"]}
    assert not {"DATABASE_URL_FILE", "NATS_URL_FILE", "RELAY_POKE_PORT"} & variables
    assert {mount["name"] for mount in containers["app"]["volumeMounts"]} == {"tmp"}
    assert [volume["name"] for volume in pod_of(stateless).spec["volumes"]] == ["tmp"]
    assert names_of(stateless, "Job") == set()
    assert scraped(stateless) == ["http"]


def test_neither_server_knows_it(stateless: Rendering):
    assert names_of(stateless, "Secret") == set()
    assert "customer-service" not in stateless.named("Secret", "demo-nats")["stringData"]
    assert "customer_service" not in stateless.named("Secret", "demo-postgresql")["stringData"]
    assert "user: customer-service" not in nats_configuration(stateless)
    (server,) = (pod for pod in stateless.pods() if pod.name == "StatefulSet/demo-postgresql")
    (container,) = server.spec["containers"]
    (databases,) = (v["value"] for v in container["env"] if v["name"] == "DATABASES")
    assert "customer_service" not in databases.split()
    assert "order_service" in databases.split()


def test_it_reaches_neither_server(stateless: Rendering):
    customer = pod_of(stateless).name
    reached = {target.name for source, target, _ in edges(stateless) if source.name == customer}
    assert reached == {"Deployment/demo-jaeger"}


def test_alone_it_asks_for_no_secret(charts: Path):
    assert render(charts / "customer-service", STATELESS).manifests


def test_an_outbox_needs_a_database(charts: Path):
    values = {"database": {"enabled": False}, "global": {"nats": {"enabled": True}}}
    with pytest.raises(HelmError, match=r"leave database\.enabled true"):
        render(charts / "customer-service", values)


def nats_configuration(rendering: Rendering) -> str:
    text: str = rendering.named("ConfigMap", "demo-nats")["data"]["nats.conf"]
    return text
