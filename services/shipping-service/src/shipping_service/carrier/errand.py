"""What the simulated carrier has been asked for and has not done yet."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from chassis.outbox.cause import Cause


class ErrandKind(StrEnum):
    PICKUP = "PICKUP"
    DELIVERY = "DELIVERY"


@dataclass(kw_only=True, eq=False)
class Errand:
    """The carrier's next errand for an order, in the conversation and the trace that ask for it."""

    order_id: UUID
    kind: ErrandKind
    due_at: datetime
    correlation_id: str | None
    causation_id: UUID | None
    trace: str | None = None

    @property
    def cause(self) -> Cause | None:
        if self.correlation_id is None:
            return None
        return Cause(
            correlation_id=self.correlation_id, causation_id=self.causation_id, trace=self.trace
        )
