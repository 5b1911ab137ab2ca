"""How a part that a service depends on is, as health tells it."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field


class PartState(BaseModel):
    """`since` is when a probe first found it so; probes come every few seconds."""

    status: Literal["up", "down"]
    since: datetime
    reason: Annotated[str | None, Field(description="Why it is down")] = None
