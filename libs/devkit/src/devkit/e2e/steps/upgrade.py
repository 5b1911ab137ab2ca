"""A second `helm upgrade` with the same values."""

from devkit.e2e.pods import Life, lives
from devkit.e2e.step import Result, Surroundings


async def upgrade(at: Surroundings) -> Result:
    """Restarts nothing, and makes no new Job."""
    before = lives(await at.release.pods())
    with at.stages.stage("helm upgrade, with nothing to change"):
        await at.release.upgrade()
    after = lives(await at.release.pods())
    return Result(
        figures={"pods": len(after), "restarted": len(after - before)},
        faults=tuple(changes(before, after)),
    )


def changes(before: set[Life], after: set[Life]) -> list[str]:
    """A sentence for every pod that was started, restarted or removed."""
    new = [f"{life.pod} was started by an upgrade that changes nothing" for life in after - before]
    pods = {life.pod for life in after}
    gone = [f"{life.pod} is gone" for life in before - after if life.pod not in pods]
    return sorted([*new, *gone])
