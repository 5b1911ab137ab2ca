"""The saga that works on an order."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Which saga holds an order's semantic lock, and since when."""

    saga_type: str
    saga_id: UUID
    since: datetime

    def __str__(self) -> str:
        seconds = max((datetime.now(UTC) - self.since).total_seconds(), 0)
        return f"by {self.saga_type} {self.saga_id}, for {seconds:.0f} s now"
