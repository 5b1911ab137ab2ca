"""Sagas in flight whose version this process does not have.

One of an older version was removed too early: unless another process has it, nothing takes its
instances on. So a process that lacks one is not ready, and a rolling change waits until the last
instance has ended, while the replicas before it still take them on. One of a newer version, or of
a saga that is not known here at all, belongs to a later release: that is told, and no more, since
a release that is rolled back has to become ready.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

import structlog

from chassis.persistence.database import Database, fetch_all
from chassis.sagas import statements
from chassis.sagas.definition import SagaDefinition

log = structlog.get_logger(__name__)

_RETRY_SECONDS: Final = 1.0


class SagaVersionMissingError(Exception):
    """Sagas are in flight on an older version that is not loaded here."""


class MissingVersions:
    """Looks for them at the start, and goes on looking while there are some."""

    def __init__(
        self,
        database: Database,
        loaded: Sequence[SagaDefinition],
        *,
        every: timedelta = timedelta(seconds=30),
    ) -> None:
        self._database = database
        self._types = [saga.saga_type for saga in loaded]
        self._versions = [saga.version for saga in loaded]
        self._newest = {
            saga_type: max(version for one, version in self._loaded if one == saga_type)
            for saga_type in self._types
        }
        self._every = every
        self._none_missing = False

    async def run(self) -> None:
        """Tell what is missing until nothing older is; a database that is away is waited for."""
        while True:
            try:
                missing = await self._look()
            except Exception as error:  # noqa: BLE001 - the database is away: the next look finds it
                log.warning("versions of sagas cannot be looked into", error=str(error)[:300])
                await asyncio.sleep(_RETRY_SECONDS)
                continue
            for row in missing:
                self._tell(row)
            if self._none_missing:
                return
            await asyncio.sleep(self._every.total_seconds())

    async def check_ready(self) -> None:
        """Raises SagaVersionMissingError; once nothing was missing, it is not asked again."""
        if not self._none_missing:
            await self._look()
        if not self._none_missing:
            raise SagaVersionMissingError

    @property
    def _loaded(self) -> list[tuple[str, int]]:
        return list(zip(self._types, self._versions, strict=True))

    async def _look(self) -> list[Any]:
        async with self._database.sessions() as session:
            await session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
            rows = await fetch_all(session, statements.NOT_LOADED, self._types, self._versions)
        self._none_missing = not any(self._is_older(row) for row in rows)
        return list(rows)

    def _is_older(self, row: Any) -> bool:
        return bool(row.version < self._newest.get(row.saga_type, 0))

    def _tell(self, row: Any) -> None:
        about = {
            "saga_type": row.saga_type,
            "version": row.version,
            "live": row.live,
            "oldest": row.oldest.isoformat(),
        }
        if self._is_older(row):
            log.error(
                "sagas are in flight on a version that is not loaded here; not ready",
                remedy="keep the version until `chassis sagas versions` shows none on it",
                **about,
            )
        else:
            log.warning("sagas of a later release are in flight; left to it", **about)
