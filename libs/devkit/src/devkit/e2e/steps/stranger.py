"""A pod that is nobody's, and what it reaches."""

import json

from devkit.charts import Manifest
from devkit.deployables import ORDER_SERVICE, SERVICES
from devkit.e2e.forwards import JAEGER
from devkit.e2e.pods import has_finished
from devkit.e2e.release import Release
from devkit.e2e.step import Result, Surroundings
from devkit.e2e.waiting import until
from devkit.platform import NATS, POSTGRESQL

_NAME = "stranger"
_CONTROL = "kubernetes.default.svc:443"
_LOOK = """
import json, socket, sys
def reaches(place):
    host, port = place.rsplit(":", 1)
    try:
        socket.create_connection((host, int(port)), timeout=3).close()
    except OSError:
        return False
    return True
print(json.dumps([place for place in sys.argv[1:] if reaches(place)]))
"""


async def stranger(at: Surroundings) -> Result:
    """It reaches neither server nor service. That it can reach anything, the API server shows."""
    places = doors(at.release)
    with at.stages.stage("a stranger knocks everywhere"):
        reached = await knock(at.release, [*places, _CONTROL])
    faults = [f"a stranger reaches {place}" for place in reached if place != _CONTROL]
    if faults:
        faults.append("does the cluster's network plugin enforce NetworkPolicy?")
    if _CONTROL not in reached:
        faults.append(f"a stranger does not even reach {_CONTROL}: this proves nothing")
    return Result(figures={"tried": len(places), "reached": len(reached) - 1}, faults=tuple(faults))


def doors(release: Release) -> list[str]:
    """Every port of a Service of the release."""
    ports = dict.fromkeys(SERVICES, (8080,)) | {
        NATS: (4222, 8222),
        POSTGRESQL: (5432,),
        JAEGER: (4318, 16686),
    }
    return [f"{release.named(part)}:{port}" for part, numbers in ports.items() for port in numbers]


async def knock(release: Release, places: list[str]) -> list[str]:
    """Those of the places, each `host:port`, that take a connection from a pod of no service."""
    namespace = release.namespace
    (pod, *_) = await release.pods(ORDER_SERVICE)
    manifest = stranger_pod(pod["spec"]["containers"][0]["image"], places)
    await namespace.kubectl("create", "--filename", "-", stdin=json.dumps(manifest))
    try:

        async def finished() -> bool:
            text = await namespace.kubectl("get", "pod", _NAME, "--output", "json")
            return has_finished(json.loads(text))

        await until(finished)
        reached: list[str] = json.loads(await namespace.kubectl("logs", _NAME))
    finally:
        await namespace.kubectl("delete", "pod", _NAME, "--grace-period=1")
    return reached


def stranger_pod(image: str, places: list[str]) -> Manifest:
    """As `restricted` wants pods to be; no label of the platform's."""
    container = {
        "name": _NAME,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["python", "-c", _LOOK, *places],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "resources": {
            "requests": {"cpu": "10m", "memory": "32Mi"},
            "limits": {"memory": "64Mi"},
        },
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": _NAME},
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "securityContext": {
                "runAsNonRoot": True,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [container],
        },
    }
