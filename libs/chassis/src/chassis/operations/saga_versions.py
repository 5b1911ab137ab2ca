"""Which versions of its sagas a service has instances on, and which it could do without."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import asyncpg

from chassis.sagas.definition import SagaDefinition
from chassis.sagas.statements import VERSIONS

CURRENT: Final = "is started now"
NEEDED: Final = "keep it: instances are on it"
REMOVABLE: Final = "can be removed here"
MISSING: Final = "MISSING: bring it back, its instances cannot go on"

_NOTHING: Final = {"live": 0, "needs_attention": 0, "paused": 0, "oldest": None, "oldest_id": None}


async def saga_versions(
    connection: asyncpg.Connection, definitions: Sequence[SagaDefinition] | None
) -> list[dict[str, Any]]:
    """A row for each version that has live instances or is declared, by type and version.

    `declared` and `advice` are None where no definitions are given. Sagas that need attention or
    are paused are live: they go on by their definition once somebody lets them.
    """
    live = {
        (row["saga_type"], row["version"]): dict(row) for row in await connection.fetch(VERSIONS)
    }
    declared = {(saga.saga_type, saga.version) for saga in definitions or ()}
    return [
        {
            "saga_type": saga_type,
            "version": version,
            **_amounts(live.get((saga_type, version), {})),
            "declared": None if definitions is None else (saga_type, version) in declared,
            "advice": None
            if definitions is None
            else _advice(saga_type, version, declared, live.keys()),
        }
        for saga_type, version in sorted(live.keys() | declared)
    ]


def _amounts(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row.get(name, nothing) for name, nothing in _NOTHING.items()}


def _advice(
    saga_type: str,
    version: int,
    declared: Iterable[tuple[str, int]],
    live: Iterable[tuple[str, int]],
) -> str:
    if (saga_type, version) not in declared:
        return MISSING
    if version == max(number for one, number in declared if one == saga_type):
        return CURRENT
    return NEEDED if (saga_type, version) in live else REMOVABLE
