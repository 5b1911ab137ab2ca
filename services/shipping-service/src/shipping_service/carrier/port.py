"""What a carrier is asked for."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession


class Carrier(Protocol):
    """A carrier, as shipping-service sees it.

    It is asked with the caller's transaction, so that it never hears of what was rolled back. It
    answers later, by the use cases that each method names, each answer in a transaction of its own.
    """

    def request_pickup(self, session: AsyncSession, order_id: UUID, *, at: datetime) -> None:
        """Come for the order's goods: answered by `schedule_shipment`."""
        ...

    def hand_over(self, session: AsyncSession, order_id: UUID, *, at: datetime) -> None:
        """Here are the goods: answered by `deliver_shipment` or `fail_shipment`."""
        ...
