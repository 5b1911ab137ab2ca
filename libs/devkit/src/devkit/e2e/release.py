"""A release of charts/demo, by helm."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devkit.charts import Manifest
from devkit.e2e.commands import run
from devkit.e2e.namespace import Namespace
from devkit.e2e.pods import is_of_job, name_of

_READY_SECONDS = 600
_CLAIMS = "persistentvolumeclaim"


class ReleaseExistsError(RuntimeError):
    """A release of that name, or what one has left, is there already."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """Raises CommandFailedError for what helm or kubectl refuse."""

    name: str
    namespace: Namespace
    chart: Path
    values: Mapping[str, Any]

    def named(self, part: str) -> str:
        """The name that the objects of a service or server have."""
        return f"{self.name}-{part}"

    async def install(self) -> None:
        """Returns once all pods are ready and all Jobs done."""
        await self._helm("install", self.name, str(self.chart), *self._waiting(), *self._values())

    async def upgrade(self) -> None:
        """With the values that it has."""
        await self._helm("upgrade", self.name, str(self.chart), *self._waiting(), *self._values())

    async def test(self) -> str:
        return await self._helm("test", self.name, "--timeout", f"{_READY_SECONDS}s")

    async def uninstall(self) -> None:
        await self._helm("uninstall", self.name, "--wait", "--timeout", f"{_READY_SECONDS}s")

    async def exists(self) -> bool:
        listed = await self._helm("list", "--all", "--filter", f"^{self.name}$", "--output", "json")
        return bool(json.loads(listed))

    async def pods(self, name: str | None = None) -> list[Manifest]:
        """Of all parts and their Jobs, without the pod of `helm test`; or of one part alone."""
        if name is not None:
            pods = await self.namespace.objects("pods", instance=self.name, name=name)
            return [pod for pod in pods if not is_of_job(pod)]
        pods = await self.namespace.objects("pods", instance=self.name)
        return [pod for pod in pods if name_of(pod) != self.test_pod]

    async def claims(self) -> set[str]:
        claims = await self.namespace.objects(_CLAIMS, instance=self.name)
        return {claim["metadata"]["name"] for claim in claims}

    async def remove_remains(self) -> None:
        """What `helm uninstall` leaves: the claims, and the pod of `helm test`."""
        if claims := await self.claims():
            await self.namespace.kubectl("delete", _CLAIMS, *sorted(claims))
        await self.namespace.kubectl("delete", "pod", self.test_pod, "--ignore-not-found")

    @property
    def test_pod(self) -> str:
        return self.named("test")

    async def _helm(self, *arguments: str) -> str:
        return await run(
            "helm",
            "--namespace",
            self.namespace.name,
            *arguments,
            stdin=json.dumps(self.values),  # JSON is YAML
            within=_READY_SECONDS + 60,
        )

    def _waiting(self) -> tuple[str, ...]:
        return ("--wait", "--wait-for-jobs", "--timeout", f"{_READY_SECONDS}s")

    def _values(self) -> tuple[str, ...]:
        return ("--values", "-")


@asynccontextmanager
async def passing_release(release: Release) -> AsyncIterator[Release]:
    """Leaves nothing of the release behind. Raises ReleaseExistsError, and installs nothing."""
    if await release.exists() or await release.claims():
        raise ReleaseExistsError(
            f"{release.name}, or its data, is in the namespace {release.namespace.name}:"
            " choose another name by RELEASE=…, or remove it and its claims"
        )
    try:
        yield release
    finally:
        if await release.exists():
            await release.uninstall()
        await release.remove_remains()
