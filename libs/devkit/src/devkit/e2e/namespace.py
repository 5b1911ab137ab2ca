"""kubectl in one namespace, and a namespace of our own."""

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from devkit.charts import Manifest
from devkit.e2e.commands import CommandFailedError, run

_ENFORCED = "pod-security.kubernetes.io/enforce"
_RESTRICTED = "restricted"
_DELETION_SECONDS = 300


class UnsuitableNamespaceError(RuntimeError):
    """The namespace is somebody else's, and not fit for this."""


@dataclass(frozen=True, slots=True)
class Namespace:
    """Raises CommandFailedError for what kubectl refuses."""

    name: str

    async def kubectl(self, *arguments: str, stdin: str | None = None, within: float = 120) -> str:
        return await run(
            "kubectl", "--namespace", self.name, *arguments, stdin=stdin, within=within
        )

    async def objects(self, kind: str, **labels: str) -> list[Manifest]:
        """All objects of a kind with these labels, of `app.kubernetes.io`."""
        selector = ",".join(f"app.kubernetes.io/{name}={value}" for name, value in labels.items())
        found = await self.kubectl("get", kind, "--selector", selector, "--output", "json")
        items: list[Manifest] = json.loads(found)["items"]
        return items

    async def secret(self, name: str, key: str) -> str:
        found = await self.kubectl("get", "secret", name, "--output", "json")
        return base64.b64decode(json.loads(found)["data"][key]).decode()


@asynccontextmanager
async def restricted_namespace(name: str) -> AsyncIterator[Namespace]:
    """A namespace that enforces `restricted`.

    One that is not there is made, and removed afterwards. Raises UnsuitableNamespaceError for one
    that is there and lets in what `restricted` keeps out.
    """
    made = await _make_or_check(name)
    try:
        yield Namespace(name)
    finally:
        if made:
            await run("kubectl", "delete", "namespace", name, within=_DELETION_SECONDS)


async def _make_or_check(name: str) -> bool:
    found = await run("kubectl", "get", "namespace", name, "--ignore-not-found", "--output", "json")
    if not found:
        await run("kubectl", "create", "--filename", "-", stdin=json.dumps(_manifest(name)))
        return True
    check_namespace(json.loads(found))
    return False


def check_namespace(found: Manifest) -> None:
    """Raises UnsuitableNamespaceError for one that does not enforce `restricted`, or is ending."""
    name = found["metadata"]["name"]
    if "deletionTimestamp" in found["metadata"]:
        raise UnsuitableNamespaceError(f"the namespace {name} is being removed: wait for its end")
    labels = found["metadata"].get("labels", {})
    if labels.get(_ENFORCED) != _RESTRICTED:
        raise UnsuitableNamespaceError(
            f"the namespace {name} does not enforce {_RESTRICTED}: choose one that does by"
            f" NAMESPACE=…, or one that is not there, or label it {_ENFORCED}={_RESTRICTED}"
        )


def _manifest(name: str) -> Manifest:
    labels = {_ENFORCED: _RESTRICTED, f"{_ENFORCED}-version": "latest"}
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": labels},
    }


async def check_cluster() -> None:
    """Raises CommandFailedError, which says what to do, where no cluster answers."""
    try:
        await run("kubectl", "get", "--raw", "/readyz", within=30)
    except CommandFailedError as error:
        raise CommandFailedError(
            f"no cluster answers: start one, or set KUBECONFIG to one that runs ({error})"
        ) from error
