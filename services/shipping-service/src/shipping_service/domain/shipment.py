"""A shipment and its way: REQUESTED → SCHEDULED → DISPATCHED → DELIVERED or FAILED; or WITHHELD."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from shipping_service.domain.errors import ShipmentStateError


class ShipmentState(StrEnum):
    """REQUESTED waits for the carrier, SCHEDULED for the goods, DISPATCHED for its arrival."""

    REQUESTED = "REQUESTED"
    SCHEDULED = "SCHEDULED"
    DISPATCHED = "DISPATCHED"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"
    WITHHELD = "WITHHELD"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentLine:
    """So many of a product."""

    product_id: str
    quantity: int


@dataclass(kw_only=True, eq=False)
class Shipment:
    """An order's goods on their way to the customer; an order has one shipment.

    `ended_at` is when it was delivered, failed or withheld. A transition that the state does not
    allow raises ShipmentStateError.
    """

    order_id: UUID
    customer_id: str
    lines: tuple[ShipmentLine, ...]
    requested_at: datetime
    state: ShipmentState = ShipmentState.REQUESTED
    scheduled_at: datetime | None = None
    dispatched_at: datetime | None = None
    ended_at: datetime | None = None

    def schedule(self, *, at: datetime) -> None:
        """The carrier comes for the goods."""
        self._move(ShipmentState.REQUESTED, to=ShipmentState.SCHEDULED)
        self.scheduled_at = at

    def dispatch(self, *, at: datetime) -> None:
        """The carrier has the goods."""
        self._move(ShipmentState.SCHEDULED, to=ShipmentState.DISPATCHED)
        self.dispatched_at = at

    def withhold(self, *, at: datetime) -> None:
        """The carrier leaves without the goods: the order was cancelled."""
        self._move(ShipmentState.SCHEDULED, to=ShipmentState.WITHHELD)
        self.ended_at = at

    def deliver(self, *, at: datetime) -> None:
        """The customer has the goods."""
        self._move(ShipmentState.DISPATCHED, to=ShipmentState.DELIVERED)
        self.ended_at = at

    def fail(self, *, at: datetime) -> None:
        """The goods could not be delivered and come back."""
        self._move(ShipmentState.DISPATCHED, to=ShipmentState.FAILED)
        self.ended_at = at

    def _move(self, expected: ShipmentState, *, to: ShipmentState) -> None:
        if self.state is not expected:
            raise ShipmentStateError(
                f"The shipment of order {self.order_id} is {self.state}; "
                f"only one that is {expected} becomes {to}"
            )
        self.state = to
