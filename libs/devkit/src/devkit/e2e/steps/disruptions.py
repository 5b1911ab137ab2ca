"""What happens to pods in any cluster, while orders run."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

from devkit.deployables import CUSTOMER_SERVICE, INVENTORY_SERVICE, ORDER_SERVICE
from devkit.e2e.commands import CommandFailedError
from devkit.e2e.load import together, while_orders_run
from devkit.e2e.pods import is_ready, name_of, restarts_of, uid_of
from devkit.e2e.release import Release
from devkit.e2e.step import Result, Surroundings
from devkit.e2e.waiting import ready_pods, until
from devkit.platform import NATS, POSTGRESQL

_RELAY = "relay"
# No process of a container may kill its first one. The kernel may, over its limit of CPU seconds;
# to get there it is kept busy.
_KILL = """
import resource, urllib.request
resource.prlimit(1, resource.RLIMIT_CPU, (1, 1))
while True:
    urllib.request.urlopen("http://127.0.0.1:9090/metrics").read()
"""


async def disruptions(at: Surroundings) -> Result:
    """One after the other; after each, nothing may be lost, doubled, late or stuck."""
    results = {
        name: await while_orders_run(at, name, partial(happens, at.release))
        for name, happens in DISRUPTIONS.items()
    }
    return together(results)


async def kill_relay(release: Release) -> None:
    """The sidecar ends by SIGKILL, and is started again in its pod."""
    (pod,) = await ready_pods(release, ORDER_SERVICE, count=1)
    before = restarts_of(pod, _RELAY)
    command = ("exec", name_of(pod), "--container", _RELAY, "--", "python", "-c", _KILL)
    with suppress(CommandFailedError):  # it ends with its container
        await release.namespace.kubectl(*command)

    async def started_again() -> bool:
        (same,) = await release.pods(ORDER_SERVICE)
        return restarts_of(same, _RELAY) > before and is_ready(same)

    await until(started_again)


async def delete_pod(release: Release, part: str) -> None:
    """Its controller makes another one."""
    pods = await ready_pods(release, part, count=1)
    await release.namespace.kubectl("delete", "pod", name_of(pods[0]), "--wait=false")
    await ready_pods(release, part, count=1, without=frozenset({uid_of(pods[0])}))


async def restart(release: Release, service: str) -> None:
    """As for a new version: a new pod is ready before the old one is told to end."""
    old = await ready_pods(release, service, count=1)
    await release.namespace.kubectl("rollout", "restart", f"deployment/{release.named(service)}")
    await ready_pods(release, service, count=1, without=frozenset(map(uid_of, old)))


DISRUPTIONS: dict[str, Callable[[Release], Awaitable[None]]] = {
    "a relay is killed": kill_relay,
    "a pod is deleted": partial(delete_pod, part=INVENTORY_SERVICE),
    "NATS's pod is deleted": partial(delete_pod, part=NATS),
    "PostgreSQL's pod is deleted": partial(delete_pod, part=POSTGRESQL),
    "a service is restarted": partial(restart, service=CUSTOMER_SERVICE),
}
