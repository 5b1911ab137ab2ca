"""Installing, and what it takes."""

import time

from devkit.deployables import DEPLOYABLES, THE_SHOP
from devkit.e2e.pods import Requests, requests_of
from devkit.e2e.quantities import quantity
from devkit.e2e.release import Release
from devkit.e2e.step import Result
from devkit.progress import Stages

_CPU, _MEMORY = "1", "1638Mi"  # the shop fits a node of two cores and four gibibytes
_MORE_CPU, _MORE_MEMORY = "100m", "208Mi"  # a service of the template, with its relay


async def install(release: Release, stages: Stages) -> Result:
    """In a namespace that enforces `restricted`; then `helm test`, which carries one order."""
    started = time.monotonic()
    with stages.stage("helm install, until all is ready"):
        await release.install()
    ready = round(time.monotonic() - started, 1)
    with stages.stage("helm test"):
        await release.test()
    requests = requests_of(await release.pods())
    return Result(
        figures={"ready_s": ready, "requests": requests.as_json()}, faults=too_much(requests)
    )


def too_much(requests: Requests) -> tuple[str, ...]:
    """A sentence for each resource of which the pods request more than they may."""
    more = len(DEPLOYABLES) - len(THE_SHOP)
    cpu = quantity(_CPU) + more * quantity(_MORE_CPU)
    memory = quantity(_MEMORY) + more * quantity(_MORE_MEMORY)
    faults = []
    if requests.cpu > cpu:
        faults.append(f"the pods request {requests.cpu} cores, more than {cpu}")
    if requests.memory > memory:
        faults.append(f"the pods request {requests.memory} bytes, more than {memory}")
    return tuple(faults)
