"""Installing, and what it takes."""

import time

from devkit.e2e.pods import requests_of
from devkit.e2e.quantities import quantity
from devkit.e2e.release import Release
from devkit.e2e.step import Result
from devkit.progress import Stages

_CPU, _MEMORY = "1", "1638Mi"  # fits a node of two cores and four gibibytes


async def install(release: Release, stages: Stages) -> Result:
    """In a namespace that enforces `restricted`; then `helm test`, which carries one order."""
    started = time.monotonic()
    with stages.stage("helm install, until all is ready"):
        await release.install()
    ready = round(time.monotonic() - started, 1)
    with stages.stage("helm test"):
        await release.test()
    requests = requests_of(await release.pods())
    faults = []
    if requests.cpu > quantity(_CPU):
        faults.append(f"the pods request {requests.cpu} cores, more than {_CPU}")
    if requests.memory > quantity(_MEMORY):
        faults.append(f"the pods request {requests.memory} bytes, more than {_MEMORY}")
    return Result(figures={"ready_s": ready, "requests": requests.as_json()}, faults=tuple(faults))
