"""Every pod, also those of NATS, PostgreSQL and Jaeger, of Jobs and of the test, is `restricted`.

The rules are those of the Pod Security Standards (Kubernetes 1.34), and a few of our own.
"""

from devkit.charts import Rendering

VOLUME_TYPES = {
    *("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral"),
    *("persistentVolumeClaim", "projected", "secret"),
}


def containers(rendering: Rendering):
    return [
        (f"{pod.name} {container['name']}", container)
        for pod in rendering.pods()
        for container in pod.containers()
    ]


def test_nothing_of_the_host_is_shared(rendering: Rendering):
    for pod in rendering.pods():
        for field in ("hostNetwork", "hostPID", "hostIPC"):
            assert not pod.spec.get(field), pod.name
        for volume in pod.spec.get("volumes", ()):
            assert volume.keys() - {"name"} <= VOLUME_TYPES, pod.name


def test_probes_and_hooks_name_no_host(rendering: Rendering):
    for name, container in containers(rendering):
        handlers = [
            container.get(probe, {})
            for probe in ("startupProbe", "readinessProbe", "livenessProbe")
        ]
        handlers += container.get("lifecycle", {}).values()
        for handler in handlers:
            for action in ("httpGet", "tcpSocket"):
                assert "host" not in handler.get(action, {}), name


def test_no_port_of_the_host_is_taken(rendering: Rendering):
    for name, container in containers(rendering):
        assert all("hostPort" not in port for port in container.get("ports", ())), name


def test_nobody_is_root(rendering: Rendering):
    for pod in rendering.pods():
        security = pod.spec["securityContext"]
        assert security["runAsNonRoot"] is True, pod.name
        assert security["runAsUser"] > 0, pod.name
        assert security["runAsGroup"] > 0, pod.name
        assert security["fsGroupChangePolicy"] == "OnRootMismatch", pod.name
    for name, container in containers(rendering):
        assert container["securityContext"]["runAsNonRoot"] is True, name
        assert container["securityContext"].get("runAsUser", 1) > 0, name


def test_our_own_images_run_as_a_user_that_no_host_has(rendering: Rendering):
    for pod in rendering.pods():
        if pod.labels["app.kubernetes.io/name"].endswith("-service"):
            assert pod.spec["securityContext"]["runAsUser"] >= 10_000, pod.name


def test_rights_are_given_up(rendering: Rendering):
    for name, container in containers(rendering):
        security = container["securityContext"]
        assert security["allowPrivilegeEscalation"] is False, name
        assert security["capabilities"] == {"drop": ["ALL"]}, name
        assert not security.get("privileged"), name
        assert "procMount" not in security, name


def test_system_calls_are_filtered(rendering: Rendering):
    for pod in rendering.pods():
        assert pod.spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, pod.name
        assert "sysctls" not in pod.spec["securityContext"], pod.name


def test_the_root_file_system_is_read_only(rendering: Rendering):
    for name, container in containers(rendering):
        assert container["securityContext"]["readOnlyRootFilesystem"] is True, name


def test_what_can_be_written_has_a_limit(rendering: Rendering):
    for pod in rendering.pods():
        for volume in pod.spec.get("volumes", ()):
            if "emptyDir" in volume:
                assert volume["emptyDir"]["sizeLimit"], pod.name


def test_no_pod_has_a_token_for_the_api_server(rendering: Rendering):
    for pod in rendering.pods():
        assert pod.spec["automountServiceAccountToken"] is False, pod.name
    for account in rendering.of_kind("ServiceAccount"):
        assert account["automountServiceAccountToken"] is False
    for kind in ("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"):
        assert not rendering.of_kind(kind)


def test_no_pod_knows_of_services_by_its_environment(rendering: Rendering):
    for pod in rendering.pods():
        assert pod.spec["enableServiceLinks"] is False, pod.name
