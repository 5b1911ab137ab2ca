"""Files of tests in two lanes, so that whole platforms do not starve one another.

A platform keeps two cores busy while it starts. So half of the workers take the system tests, one
platform each, while the others do what mostly waits; who has run out of its own helps the others.
"""

from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any

from xdist.scheduler import LoadFileScheduling

# below tests/, and yet no platform is started for them
_LIGHT = {"charts", "contract", "crashes", "docs", "flows", "fuzz", "k8s"}


class Lanes(LoadFileScheduling):
    """All tests of a file run in one worker: they share what their fixtures start."""

    def _assign_work_unit(self, node: Any) -> None:
        self.workqueue.move_to_end(self._next_for(node), last=False)
        super()._assign_work_unit(node)

    def _next_for(self, node: Any) -> str:
        of_systems = self._is_for_systems(node)
        own = [file for file in self.workqueue if is_system_test(file) == of_systems]
        return longest_first(own or self.workqueue, self._count)

    def _is_for_systems(self, node: Any) -> bool:
        return int(node.gateway.id.removeprefix("gw")) % 2 == 0

    def _count(self, file: str) -> int:
        return len(self.workqueue[file])


def is_system_test(file: str) -> bool:
    folder, *below = PurePosixPath(file).parts
    return folder == "tests" and below[0] not in _LIGHT


def longest_first(files: Any, count: Callable[[str], int]) -> str:
    """The file to begin with: a system test is long where there are few in a file."""
    return max(files, key=lambda file: -count(file) if is_system_test(file) else count(file))
