"""Secrets are files that the process reads, and each process has its own only."""

import re

from devkit.charts import Pod, Rendering


def test_no_variable_holds_a_secret(rendering: Rendering):
    for pod in rendering.pods():
        for container in pod.containers():
            assert "envFrom" not in container
            for variable in container.get("env", ()):
                assert "secretKeyRef" not in variable.get("valueFrom", {}), pod.name
                assert "://" not in variable.get("value", "") or "@" not in variable["value"]


def test_no_argument_and_no_config_map_holds_a_password(rendering: Rendering):
    secrets = [
        password
        for secret in rendering.of_kind("Secret")
        for value in secret["stringData"].values()
        for password in re.findall(r"\b[A-Za-z0-9]{32}\b", value)
    ]
    everything_else = repr([m for m in rendering.manifests if m["kind"] != "Secret"])
    assert not [password for password in secrets if password in everything_else]


def test_every_password_is_another(demo: Rendering):
    broker = demo.named("Secret", "demo-nats")["stringData"]
    database = demo.named("Secret", "demo-postgresql")["stringData"]
    passwords = [*database.values(), *(v for k, v in broker.items() if k != "passwords.conf")]
    assert len(set(passwords)) == len(passwords) > 10


def test_a_relay_sees_the_urls_of_its_own_roles_only(demo: Rendering):
    pod = next(p for p in demo.pods() if p.name == "Deployment/demo-order-service")
    assert keys_seen_by(pod, "relay") == {
        ("demo-order-service-database", "relay-url"),
        ("demo-order-service-nats", "relay-url"),
    }
    assert keys_seen_by(pod, "app") == {
        ("demo-order-service-database", "url"),
        ("demo-order-service-nats", "url"),
    }


def test_only_the_provisioner_sees_the_provisioners_url(demo: Rendering):
    for pod in demo.pods():
        seen = {
            key
            for container in pod.containers()
            for key in keys_seen_by(pod, container["name"])
            if key[0] == "demo-nats-provisioner"
        }
        component = pod.labels["app.kubernetes.io/component"]
        assert bool(seen) == (component == "provision"), pod.name


def keys_seen_by(pod: Pod, container_name: str) -> set[tuple[str, str]]:
    """(Secret, key) pairs that a container has as files."""
    container = next(c for c in pod.containers() if c["name"] == container_name)
    mounted = {mount["name"] for mount in container.get("volumeMounts", ())}
    return {
        (source["secret"]["name"], item["key"])
        for volume in pod.spec.get("volumes", ())
        if volume["name"] in mounted
        for source in volume.get("projected", {}).get("sources", ())
        if "secret" in source
        for item in source["secret"]["items"]
    }
