"""What every workload needs to run well, and to be changed without surprises."""

from decimal import Decimal
from pathlib import Path

import kubernetes_validate
import pytest

from devkit.charts import Pod, Rendering, render
from devkit.deployables import SERVICES, THE_SHOP

KUBERNETES = ("1.29", "1.34")
UNITS = {"m": Decimal("0.001"), "Ki": Decimal(2**10), "Mi": Decimal(2**20), "Gi": Decimal(2**30)}
STANDARD_LABELS = {"name", "instance", "component", "part-of", "version", "managed-by"}
OF_OPERATORS = ("monitoring.coreos.com", "keda.sh")


@pytest.mark.parametrize("version", KUBERNETES)
def test_every_manifest_keeps_to_the_schema_of_kubernetes(rendering: Rendering, version: str):
    for manifest in rendering.manifests:
        if not manifest["apiVersion"].startswith(OF_OPERATORS):
            kubernetes_validate.validate(manifest, version, strict=True)


def test_names_are_unique_and_short_enough(rendering: Rendering):
    names = [(manifest["kind"], manifest["metadata"]["name"]) for manifest in rendering.manifests]
    assert len(set(names)) == len(names)
    assert all(len(name) <= 63 for _, name in names)


def test_every_object_has_the_standard_labels(rendering: Rendering):
    for manifest in rendering.manifests:
        labels = manifest["metadata"].get("labels", {})
        if manifest["metadata"]["name"] != "demo-settings":  # one of extraObjects
            assert {f"app.kubernetes.io/{label}" for label in STANDARD_LABELS} <= labels.keys()
            assert "helm.sh/chart" in labels


def test_selectors_match_pods_and_hold_nothing_that_a_release_changes(rendering: Rendering):
    for manifest in rendering.manifests:
        if manifest["kind"] in {"Deployment", "StatefulSet"}:
            selector = manifest["spec"]["selector"]["matchLabels"]
            assert selector.keys() == {
                f"app.kubernetes.io/{label}" for label in ("name", "instance", "component")
            }
            assert selector.items() <= Pod(manifest).labels.items()


def test_services_lead_to_ports_that_pods_have(rendering: Rendering):
    for service in rendering.of_kind("Service"):
        selector = service["spec"]["selector"].items()
        (pod,) = (pod for pod in rendering.pods() if selector <= pod.labels.items())
        named = {p["name"] for c in pod.containers() for p in c.get("ports", ())}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= named


def test_policies_and_budgets_select_pods_that_there_are(rendering: Rendering):
    pods = [pod.labels.items() for pod in rendering.pods()]
    selectors = [p["spec"]["podSelector"] for p in rendering.of_kind("NetworkPolicy")]
    selectors += [b["spec"]["selector"] for b in rendering.of_kind("PodDisruptionBudget")]
    for selector in selectors:
        assert any(selector["matchLabels"].items() <= labels for labels in pods), selector


def test_images_have_a_version(rendering: Rendering):
    for pod in rendering.pods():
        for container in pod.containers():
            name = container["image"].rpartition("/")[2]
            tag, digest = name.partition(":")[2], container["image"].partition("@")[2]
            assert tag or digest, pod.name
            assert tag != "latest", pod.name


def test_every_container_has_requests_and_limits(rendering: Rendering):
    for pod in rendering.pods():
        for container in pod.containers():
            for kind in ("requests", "limits"):
                assert container["resources"][kind].keys() == {
                    *("cpu", "memory", "ephemeral-storage")
                }, f"{pod.name} {container['name']}"


def test_the_shop_fits_a_small_laptop(charts: Path):
    """Two cores and four gigabytes, with room for the cluster itself and for a service more."""
    added = {name: {"enabled": False} for name in SERVICES if name not in THE_SHOP}
    shop = render(charts / "demo", added)
    assert request(shop, "cpu") <= Decimal("0.9")
    assert request(shop, "memory") <= Decimal("1.6") * 2**30


def request(rendering: Rendering, resource: str) -> Decimal:
    """What the pods that stay ask for together."""
    return sum(
        (
            quantity(container["resources"]["requests"][resource])
            for pod in rendering.pods()
            if pod.manifest["kind"] in {"Deployment", "StatefulSet"}
            for container in pod.containers()
            if container["name"] != "wait-for-schema"
        ),
        Decimal(0),
    )


def quantity(text: str) -> Decimal:
    for unit, factor in UNITS.items():
        if text.endswith(unit):
            return Decimal(text.removesuffix(unit)) * factor
    return Decimal(text)


def test_what_stays_is_probed(rendering: Rendering):
    for pod in rendering.pods():
        if pod.manifest["kind"] in {"Deployment", "StatefulSet"}:
            for container in pod.spec["containers"]:
                assert {"startupProbe", "readinessProbe", "livenessProbe"} <= container.keys()


def test_a_relay_starts_before_its_service_and_never_makes_it_unready(rendering: Rendering):
    for pod in rendering.pods():
        before = [container["name"] for container in pod.spec.get("initContainers", ())]
        if "relay" in before:
            assert before == ["wait-for-schema", "relay"]
            relay = pod.spec["initContainers"][-1]
            assert relay["restartPolicy"] == "Always"
            assert {"startupProbe", "livenessProbe"} <= relay.keys()
            assert "readinessProbe" not in relay


def test_probes_lead_to_ports_that_the_container_has(rendering: Rendering):
    for pod in rendering.pods():
        for container in pod.containers():
            ports = {port["name"] for port in container.get("ports", ())}
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                if "httpGet" in container.get(probe, {}):
                    assert container[probe]["httpGet"]["port"] in ports, pod.name


def test_mounts_and_volumes_agree(rendering: Rendering):
    for pod in rendering.pods():
        claims = pod.manifest["spec"].get("volumeClaimTemplates", ())
        volumes = {volume["name"] for volume in pod.spec.get("volumes", ())}
        volumes |= {claim["metadata"]["name"] for claim in claims}
        mounted = {m["name"] for c in pod.containers() for m in c.get("volumeMounts", ())}
        assert mounted == volumes, pod.name


def test_files_that_variables_name_are_mounted(rendering: Rendering):
    for pod in rendering.pods():
        for container in pod.containers():
            folders = [mount["mountPath"] for mount in container.get("volumeMounts", ())]
            for variable in container.get("env", ()):
                if variable["name"].endswith("_FILE"):
                    assert any(variable["value"].startswith(f"{f}/") for f in folders), pod.name


def test_no_variable_is_set_twice(rendering: Rendering):
    for pod in rendering.pods():
        for container in pod.containers():
            names = [variable["name"] for variable in container.get("env", ())]
            assert len(set(names)) == len(names), f"{pod.name} {container['name']}"


def test_config_maps_and_secrets_that_are_mounted_are_there(demo: Rendering):
    there = {
        (m["kind"], m["metadata"]["name"])
        for m in demo.manifests
        if m["kind"] in {"Secret", "ConfigMap"}
    }
    for pod in demo.pods():
        for volume in pod.spec.get("volumes", ()):
            sources = [volume, *volume.get("projected", {}).get("sources", ())]
            for source in sources:
                if "secret" in source:
                    name = source["secret"].get("name") or source["secret"]["secretName"]
                    assert ("Secret", name) in there, pod.name
                if "configMap" in source:
                    assert ("ConfigMap", source["configMap"]["name"]) in there, pod.name


def test_there_are_no_hooks_but_the_test(rendering: Rendering):
    """A hook that waits for the database of its own release would wait for ever."""
    for manifest in rendering.manifests:
        hook = manifest["metadata"].get("annotations", {}).get("helm.sh/hook", "test")
        assert hook == "test"


def test_jobs_are_tidied_up(rendering: Rendering):
    for job in rendering.of_kind("Job"):
        assert job["spec"]["ttlSecondsAfterFinished"] >= 3600
        assert job["spec"]["backoffLimit"] >= 1


def test_a_budget_is_made_only_where_several_pods_run(rendering: Rendering):
    budgets = {budget["metadata"]["name"] for budget in rendering.of_kind("PodDisruptionBudget")}
    several = {
        deployment["metadata"]["name"]
        for deployment in rendering.of_kind("Deployment")
        if deployment["spec"].get("replicas", 1) > 1
    }
    several |= {
        scaler["metadata"]["name"]
        for scaler in rendering.of_kind("HorizontalPodAutoscaler")
        if scaler["spec"]["minReplicas"] > 1
    }
    several |= {
        scaler["metadata"]["name"]
        for scaler in rendering.of_kind("ScaledObject")
        if scaler["spec"]["minReplicaCount"] > 1
    }
    assert budgets == several
