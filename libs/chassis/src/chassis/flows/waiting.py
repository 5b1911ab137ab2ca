"""What something waits for, as an API of the service shows it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.flows import statements
from chassis.flows.flow import Flow
from chassis.persistence.database import fetch_all


class Awaited(BaseModel):
    """An event that is due next in a flow by choreography, since when, and by when."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    flow: Annotated[str, Field(examples=["fulfilment"])]
    awaits: Annotated[str, Field(examples=["ShipmentScheduled"])]
    awaited_from: Annotated[str | None, Field(examples=["shipping-service"])]
    since: datetime
    due_at: datetime
    overdue: bool


async def awaited(session: AsyncSession, flows: Iterable[Flow], key: object) -> tuple[Awaited, ...]:
    """What is due in these flows about something, the first to fall due first."""
    names = [flow.name for flow in flows]
    rows = await fetch_all(session, statements.ABOUT, names, str(key))
    return tuple(Awaited.model_validate(row) for row in rows)
