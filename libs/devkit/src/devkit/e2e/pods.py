"""What is read from pods as the API server describes them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from devkit.charts import Manifest
from devkit.e2e.quantities import quantity


@dataclass(frozen=True, slots=True)
class Requests:
    """Cores and bytes that are set aside for pods."""

    cpu: Decimal
    memory: Decimal

    def as_json(self) -> dict[str, float]:
        return {"cpu": float(self.cpu), "memory_gib": round(float(self.memory) / 2**30, 2)}


@dataclass(frozen=True, slots=True)
class Life:
    """A pod that was started anew is another one; so is a container that was."""

    pod: str
    uid: str
    restarts: int


def name_of(pod: Manifest) -> str:
    name: str = pod["metadata"]["name"]
    return name


def uid_of(pod: Manifest) -> str:
    uid: str = pod["metadata"]["uid"]
    return uid


def is_ending(pod: Manifest) -> bool:
    return "deletionTimestamp" in pod["metadata"]


def is_ready(pod: Manifest) -> bool:
    """Ready to be used, and not about to end."""
    conditions = pod.get("status", {}).get("conditions", ())
    ready = any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
    return ready and not is_ending(pod)


def is_of_job(pod: Manifest) -> bool:
    owners = pod["metadata"].get("ownerReferences", ())
    return any(owner["kind"] == "Job" for owner in owners)


def has_finished(pod: Manifest) -> bool:
    """A Job's pod that is done."""
    return pod.get("status", {}).get("phase") in {"Succeeded", "Failed"}


def restarts_of(pod: Manifest, container: str | None = None) -> int:
    """Of one container, or of all together."""
    return sum(
        status["restartCount"]
        for status in _container_statuses(pod)
        if container is None or status["name"] == container
    )


def lives(pods: Iterable[Manifest]) -> set[Life]:
    return {Life(name_of(pod), uid_of(pod), restarts_of(pod)) for pod in pods}


def requests_of(pods: Iterable[Manifest]) -> Requests:
    """What the scheduler sets aside for pods that have not finished."""
    running = [pod for pod in pods if not has_finished(pod)]
    return Requests(
        cpu=sum((_request(pod, "cpu") for pod in running), Decimal(0)),
        memory=sum((_request(pod, "memory") for pod in running), Decimal(0)),
    )


def _request(pod: Manifest, resource: str) -> Decimal:
    """Sidecars and containers together, or the largest that runs before them beside sidecars."""
    sidecars = Decimal(0)
    before = Decimal(0)
    for container in pod["spec"].get("initContainers", ()):
        asked = _asked(container, resource)
        if container.get("restartPolicy") == "Always":
            sidecars += asked
        else:
            before = max(before, sidecars + asked)
    together = sum((_asked(one, resource) for one in pod["spec"]["containers"]), sidecars)
    return max(before, together)


def _asked(container: Manifest, resource: str) -> Decimal:
    return quantity(container.get("resources", {}).get("requests", {}).get(resource, "0"))


def _container_statuses(pod: Manifest) -> Iterator[Manifest]:
    status = pod.get("status", {})
    yield from status.get("initContainerStatuses", ())
    yield from status.get("containerStatuses", ())
