"""Recorded sagas, replayed against the code as it is.

    @pytest.mark.parametrize("path", histories(FOLDER), ids=named)
    def test_recorded_sagas_come_out_as_they_did(path):
        replay(sagas_of("order_service"), RecordedSaga.read(path))

`chassis sagas export` records them. What a step's function sends, what is noted of a reply, which
step comes next: whatever comes out otherwise fails with the entry and the difference. Time-outs,
retries, deadlines and what operators did are replayed as they happened, however long they are now.
"""

from collections.abc import Iterable
from pathlib import Path

from chassis.sagas.definition import SagaDefinition
from chassis.sagas.recorded import RecordedSaga
from chassis.sagas.replaying import Replay, ReplayDifferenceError

__all__ = ("RecordedSaga", "ReplayDifferenceError", "histories", "named", "replay")


def replay(sagas: Iterable[SagaDefinition], recorded: RecordedSaga) -> None:
    """Replay one with the definition of its type and version; local steps are not run.

    Raises ReplayDifferenceError, an AssertionError.
    """
    Replay(_definition(sagas, recorded), recorded).run_to_the_end()


def histories(folder: Path) -> list[Path]:
    """The recordings of a folder; raises FileNotFoundError where there are none."""
    found = sorted(folder.glob("*.json"))
    if not found:
        raise FileNotFoundError(f"no recorded saga is in {folder}: see `chassis sagas export`")
    return found


def named(path: Path) -> str:
    """What a test of it is called."""
    return path.stem


def _definition(sagas: Iterable[SagaDefinition], recorded: RecordedSaga) -> SagaDefinition:
    wanted = (recorded.saga_type, recorded.definition_version)
    for saga in sagas:
        if (saga.saga_type, saga.version) == wanted:
            return saga
    raise ReplayDifferenceError(
        f"version {wanted[1]} of {wanted[0]} is declared no more: delete its recordings with it, "
        "once no instance is on it anywhere"
    )
