"""Saying what is expected of the others, and by when.

FULFILMENT = Flow(name="fulfilment", awaits="ShipmentDelivered", within=timedelta(hours=1))

FULFILMENT.expect(session, order_id)    # where OrderApproved is published
FULFILMENT.end(session, order_id)       # in the handler of ShipmentDelivered
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.flows.marks import Ended, Expected, mark
from chassis.outbox.cause import cause_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Something that other services bring to its end, by events of their own accord.

    `awaits` tells people which events end it; what has not ended `within` that time is overdue.
    """

    name: str
    awaits: str
    within: timedelta

    def expect(self, session: AsyncSession, key: object) -> None:
        """Expect the end from now on, with the caller's transaction.

        `key` says what it is about, such as an order's id; it is expected once for each.
        """
        cause = cause_of(session)
        mark(
            session,
            Expected(
                flow=self.name,
                key=str(key),
                awaits=self.awaits,
                correlation_id=cause.correlation_id if cause else None,
                within=self.within,
            ),
        )

    def end(self, session: AsyncSession, key: object) -> None:
        """It has ended, with the caller's transaction.

        Events of different services come in any order: the end may come before it is expected.
        """
        mark(session, Ended(flow=self.name, key=str(key)))
