"""A second release, with another name, in another namespace."""

from dataclasses import replace

from devkit.e2e.namespace import restricted_namespace
from devkit.e2e.pods import lives
from devkit.e2e.release import passing_release
from devkit.e2e.step import Result, Surroundings
from devkit.e2e.steps.stranger import doors, knock

_SUFFIX = "neighbour"


async def neighbour(at: Surroundings) -> Result:
    """Works beside the first one, neither of them reaching or changing the other."""
    before = lives(await at.release.pods())
    first = at.release.namespace.name
    there = [f"{host}.{first}:{port}" for host, port in _split(doors(at.release))]
    async with (
        restricted_namespace(f"{first}-{_SUFFIX}") as namespace,
        passing_release(replace(at.release, name=_SUFFIX, namespace=namespace)) as second,
    ):
        with at.stages.stage("a second release beside the first"):
            await second.install()
            await second.test()
            reached = await knock(second, there)
    changed = lives(await at.release.pods()) - before
    return Result(
        figures={"installed": 1, "reached": len(reached), "restarted": len(changed)},
        faults=(
            *(f"{place} is reached out of another namespace" for place in reached),
            *(f"{life.pod} was restarted meanwhile" for life in changed),
        ),
    )


def _split(places: list[str]) -> list[list[str]]:
    return [place.split(":") for place in places]
