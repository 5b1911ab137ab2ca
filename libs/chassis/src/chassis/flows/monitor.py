"""Showing flows that have stopped on their way."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

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
        self._overdue = {flow.name: 0 for flow in flows}
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
            survey = {row.flow: row for row in await fetch_all(session, statements.SURVEY)}
            await fetch_all(session, statements.PRUNE)
        for flow in self._overdue:
            row = survey.get(flow)
            self._show(flow, row.overdue if row else 0, row.oldest_age_seconds if row else 0.0)

    def _show(self, flow: str, overdue: int, oldest_age_seconds: float) -> None:
        OVERDUE.labels(flow).set(overdue)
        OLDEST_AGE.labels(flow).set(oldest_age_seconds)
        if overdue > self._overdue[flow]:
            log.warning("flows overdue", flow=flow, overdue=overdue)
        self._overdue[flow] = overdue
