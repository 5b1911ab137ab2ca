"""Saying what is expected of the others, and by when.

FULFILMENT = Flow(
    name="fulfilment",
    stages=(
        stage("ShipmentScheduled", by="shipping-service", within=timedelta(minutes=15)),
        stage("Delivered", "NotDelivered", by="shipping-service", within=timedelta(days=3)),
    ),
)

FULFILMENT.expect(session, order_id)                        # where OrderApproved is published
FULFILMENT.reach(session, order_id, "ShipmentScheduled")    # in the handler of ShipmentScheduled
FULFILMENT.end(session, order_id)                           # in the handlers of the last two
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.flows.marks import Ended, Expected, Reached, mark
from chassis.outbox.cause import cause_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One of `events` is due from the service `by`, `within` a time from the stage before."""

    events: tuple[str, ...]
    by: str
    within: timedelta

    @property
    def awaits(self) -> str:
        """Which event is due, as people read it."""
        return " or ".join(self.events)


def stage(*events: str, by: str, within: timedelta) -> Stage:
    """What is due next: any of the events, by their names."""
    return Stage(events=events, by=by, within=within)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Something that other services bring to its end, by events of their own accord.

    Its stages follow each other. What does not come within the time of its stage is overdue; an
    event of the last stage ends the flow.
    """

    name: str
    stages: tuple[Stage, ...]

    def expect(self, session: AsyncSession, key: object) -> None:
        """Expect the first stage from now on, with the caller's transaction.

        `key` says what it is about, such as an order's id; it is expected once for each.
        """
        cause = cause_of(session)
        first = self.stages[0]
        mark(
            session,
            Expected(
                flow=self.name,
                key=str(key),
                awaits=first.awaits,
                by=first.by,
                correlation_id=cause.correlation_id if cause else None,
                within=first.within,
            ),
        )

    def reach(self, session: AsyncSession, key: object, event: str) -> None:
        """An event has come that is not the end, with the caller's transaction: the next is due.

        Events of different services come in any order: one of an earlier stage changes nothing any
        more, nor does one of a flow that has ended or is not expected.
        """
        following = self._stage_of(event) + 1
        if following == len(self.stages):
            raise ValueError(f"{event} ends the flow {self.name}: call `end`")
        due = self.stages[following]
        mark(
            session,
            Reached(
                flow=self.name,
                key=str(key),
                stage=following,
                awaits=due.awaits,
                by=due.by,
                within=due.within,
            ),
        )

    def end(self, session: AsyncSession, key: object) -> None:
        """It has ended, with the caller's transaction.

        Events of different services come in any order: the end may come before it is expected.
        """
        mark(session, Ended(flow=self.name, key=str(key)))

    def _stage_of(self, event: str) -> int:
        for number, one in enumerate(self.stages):
            if event in one.events:
                return number
        raise ValueError(f"no stage of the flow {self.name} awaits {event}")
