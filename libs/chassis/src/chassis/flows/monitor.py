"""Showing flows that have stopped on their way."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import structlog

from chassis.flows import statements
from chassis.flows.flow import Flow
from chassis.metrics import catalogue
from chassis.persistence.database import Database, fetch_all

log = structlog.get_logger(__name__)

OVERDUE = catalogue.FLOW_OVERDUE.gauge()
OLDEST_AGE = catalogue.FLOW_OLDEST_AGE.gauge()


class FlowMonitor:
    """Looks into a service's expectations; run one in each process, whose gauges it sets."""

    def __init__(
        self,
        database: Database,
        flows: Sequence[Flow],
        *,
        every: timedelta = timedelta(seconds=15),
    ) -> None:
        self._database = database
        self._overdue = {(flow.name, one.awaits): 0 for flow in flows for one in flow.stages}
        self._every = every

    async def run(self) -> None:
        """Look until cancelled; a database that is away is looked into later."""
        while True:
            try:
                await self.look()
            except Exception as error:  # noqa: BLE001 - whatever the database does, the next look comes
                log.warning("flows cannot be looked into", error=str(error)[:300])
            await asyncio.sleep(self._every.total_seconds())

    async def look(self) -> None:
        """Set the gauges from the database, and remove what is of no more use in it."""
        async with self._database.sessions() as session:
            # statements without a transaction around them: this is what an idle service costs
            await session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
            survey = await fetch_all(session, statements.SURVEY)
            await fetch_all(session, statements.PRUNE)
        self._show_overdue(survey)
        ages = {flow: 0.0 for flow, _ in self._overdue}
        for row in survey:
            ages[row.flow] = max(row.oldest_age_seconds, ages.get(row.flow, 0.0))
        for flow, age in ages.items():
            OLDEST_AGE.labels(flow).set(age)

    def _show_overdue(self, survey: Sequence[Any]) -> None:
        """Of every stage that is declared, and of those that older processes have declared."""
        found = {(row.flow, row.awaits): row for row in survey}
        for at in {**self._overdue, **found}:
            row = found.get(at)
            overdue = row.overdue if row else 0
            OVERDUE.labels(*at).set(overdue)
            if row is not None and overdue > self._overdue.get(at, 0):
                log.warning(
                    "flows overdue",
                    flow=row.flow,
                    awaits=row.awaits,
                    awaited_from=row.awaited_from,
                    overdue=overdue,
                )
            self._overdue[at] = overdue
