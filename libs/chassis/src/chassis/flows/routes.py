"""`/flows`: what has not ended yet, and what is overdue."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query

from chassis.flows import statements
from chassis.flows.waiting import Awaited
from chassis.http.dependencies import Transaction
from chassis.persistence.database import fetch_all


class OpenFlow(Awaited):
    """A flow that has not ended, and what it stands at; `expected_at` is when it began."""

    key: str
    correlation_id: str | None
    expected_at: datetime


def flow_routes() -> APIRouter:
    router = APIRouter(prefix="/flows", tags=["flows"])

    @router.get("")
    async def list_flows(
        session: Transaction,
        overdue: Annotated[bool, Query(description="Only those that are past their time")] = False,  # noqa: FBT002 - a query parameter has a name
        key: Annotated[
            str | None, Query(description="Only those about this", pattern=r"^[^\x00]+$")
        ] = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> list[OpenFlow]:
        """Flows by choreography that have not ended, the first to fall due first."""
        rows = await fetch_all(session, statements.OPEN, overdue, key, limit)
        return [OpenFlow.model_validate(row) for row in rows]

    return router
