"""The example files for clusters: they fit the charts, and each other."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from devkit.charts import Rendering, render

ROOT = Path(__file__).parents[2]
K8S = ROOT / "k8s"
DEMO = ROOT / "charts" / "demo"
PUBLISHING = ("order", "customer", "inventory", "shipping")
CONTEXTS = ("order-history", *PUBLISHING)
MANIFESTS = {
    "kind/cluster.yaml": [("kind.x-k8s.io/v1alpha4", "Cluster")],
    "production/postgresql.yaml": [("postgresql.cnpg.io/v1", "Cluster")] * len(CONTEXTS),
    "argocd/application.yaml": [("argoproj.io/v1alpha1", "Application")],
    "flux/release.yaml": [
        ("source.toolkit.fluxcd.io/v1", "OCIRepository"),
        ("helm.toolkit.fluxcd.io/v2", "HelmRelease"),
    ],
}


def documents(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((K8S / name).read_text()))


@pytest.fixture(scope="module")
def production() -> Rendering:
    (values,) = documents("production/values.yaml")
    return render(DEMO, values)


@pytest.mark.parametrize(("name", "kinds"), MANIFESTS.items())
def test_each_file_holds_the_kinds_that_it_says(name: str, kinds: list[tuple[str, str]]):
    assert [(one["apiVersion"], one["kind"]) for one in documents(name)] == kinds


def test_every_yaml_file_is_looked_at_here():
    files = {str(path.relative_to(K8S)) for path in K8S.rglob("*.yaml")}
    assert files == {*MANIFESTS, "production/values.yaml", "production/nats-values.yaml"}


def test_production_brings_no_server_and_no_secret_of_its_own(production: Rendering):
    assert production.of_kind("StatefulSet") == []
    assert production.of_kind("Secret") == []


def test_production_takes_its_images_from_its_own_registry(production: Rendering):
    images = {container["image"] for pod in production.pods() for container in pod.containers()}
    assert all(image.startswith("registry.example/longship/") for image in images)


def test_production_runs_several_pods_of_every_service(production: Rendering):
    deployments = production.of_kind("Deployment")
    assert len(production.of_kind("PodDisruptionBudget")) == len(deployments) > len(CONTEXTS)


def test_production_believes_an_issuers_tokens_and_no_key_of_its_own(production: Rendering):
    (gateway,) = (pod for pod in production.pods() if pod.name.endswith("-api-gateway"))
    (container,) = gateway.spec["containers"]
    variables = {one["name"]: one.get("value", "") for one in container["env"]}
    assert variables["JWKS_URL"].startswith("https://")
    assert variables["TOKEN_ISSUER"].startswith("https://")
    assert "ACCEPT_SYMMETRIC_KEYS" not in variables


def test_production_scales_every_service_by_what_waits_for_it(production: Rendering):
    """A view's readers take up in no time what waits: its pods are for those who ask."""
    scaled = production.of_kind("ScaledObject")
    assert len(scaled) == len(PUBLISHING)
    for one in scaled:
        assert one["spec"]["minReplicaCount"] >= 2
        partitions = {trigger["metadata"]["consumer"] for trigger in one["spec"]["triggers"]}
        assert one["spec"]["maxReplicaCount"] <= len(partitions)


def test_production_asks_for_three_copies_of_every_stream(production: Rendering):
    jobs = [one for one in production.of_kind("Job") if "-provision-" in one["metadata"]["name"]]
    assert len(jobs) == len(PUBLISHING)
    for job in jobs:
        (container,) = job["spec"]["template"]["spec"]["containers"]
        assert container["command"][-2:] == ["--replicas", "3"]


def test_production_has_no_hooks_but_the_test(production: Rendering):
    hooks = [
        one["metadata"]["annotations"]["helm.sh/hook"]
        for one in production.manifests
        if "helm.sh/hook" in one["metadata"].get("annotations", {})
    ]
    assert hooks == ["test"]


def test_every_secret_that_production_reads_is_in_the_list(production: Rendering):
    text = (K8S / "README.md").read_text()
    for name in set(secrets(production)):
        generic = name
        for context in CONTEXTS:
            generic = generic.replace(f"{context}-", "<context>-")
        assert f"`{generic}`" in text, name


def secrets(rendering: Rendering) -> Iterator[str]:
    for pod in rendering.pods():
        for volume in pod.spec.get("volumes", ()):
            for source in volume.get("projected", {}).get("sources", ()):
                if "secret" in source:
                    yield source["secret"]["name"]


def test_each_service_finds_the_database_that_is_made_for_it(production: Rendering):
    made = {one["metadata"]["name"]: one["spec"] for one in documents("production/postgresql.yaml")}
    used = {name.removesuffix("-app") for name in secrets(production) if name.endswith("-app")}
    assert used == set(made) == {f"{context}-database" for context in CONTEXTS}
    for context in CONTEXTS:
        spec = made[f"{context}-database"]
        owner = spec["bootstrap"]["initdb"]["owner"]
        roles = [role["name"] for role in spec.get("managed", {}).get("roles", ())]
        assert owner == spec["bootstrap"]["initdb"]["database"]
        assert owner == f"{context.replace('-', '_')}_service"
        # under the name that migrations give rights to
        assert roles == ([f"{owner}_relay"] if context in PUBLISHING else [])


def test_argo_cd_and_flux_name_what_there_is():
    (application,) = documents("argocd/application.yaml")
    source = application["spec"]["source"]
    assert (ROOT / source["path"] / "Chart.yaml").is_file()
    for file in source["helm"]["valueFiles"]:
        assert (ROOT / source["path"] / file).resolve().is_file()
    repository, release = documents("flux/release.yaml")
    chart = yaml.safe_load((DEMO / "Chart.yaml").read_text())
    assert repository["spec"]["ref"]["tag"] == chart["version"]
    assert repository["spec"]["url"].endswith(f"/{chart['name']}")
    assert release["spec"]["chartRef"]["name"] == repository["metadata"]["name"]


def test_nats_in_production_is_a_cluster_with_nobody_privileged():
    (values,) = documents("production/nats-values.yaml")
    assert values["config"]["cluster"] == {"enabled": True, "replicas": 3}
    assert values["podTemplate"]["merge"]["spec"]["securityContext"]["runAsNonRoot"]
    for part in ("container", "reloader", "promExporter"):
        assert values[part]["merge"]["securityContext"]["capabilities"] == {"drop": ["ALL"]}
