"""Waiting for what Kubernetes does in its own time."""

from collections.abc import Awaitable, Callable

from devkit.charts import Manifest
from devkit.e2e.pods import is_ready, uid_of
from devkit.e2e.release import Release
from devkit.eventually import eventually

_SECONDS = 300
_LOOK_SECONDS = 1


async def ready_pods(
    release: Release, part: str, *, count: int, without: frozenset[str] = frozenset()
) -> list[Manifest]:
    """Exactly ``count`` pods of a part, all ready, none of them among the uids ``without``.

    A pod that is about to end counts: it is waited for. Raises AssertionError.
    """

    async def all_there() -> list[Manifest]:
        pods = await release.pods(part)
        assert len(pods) == count, f"{part} has {len(pods)} pods, not {count}"
        assert all(is_ready(pod) for pod in pods), f"not all pods of {part} are ready"
        assert not without & {uid_of(pod) for pod in pods}, f"old pods of {part} are still there"
        return pods

    return await eventually(all_there, within=_SECONDS, every=_LOOK_SECONDS)


async def no_pods(release: Release, part: str | None = None) -> None:
    """Raises AssertionError when some are still there after a while."""

    async def none_there() -> bool:
        pods = await release.pods(part)
        assert not pods, f"still there: {[pod['metadata']['name'] for pod in pods]}"
        return True

    await until(none_there)


async def until(holds: Callable[[], Awaitable[bool]]) -> bool:
    """True, once that is so. Raises AssertionError when it does not come about."""
    return await eventually(holds, within=_SECONDS, every=_LOOK_SECONDS)
