"""An order as the history shows it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from order_history_service.domain.states import ENDS, OrderState, ShipmentState


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """So many of a product, at the price agreed; nameless until its product's event is here."""

    product_id: str
    product_name: str | None
    quantity: int
    unit_price: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class Shipment:
    """How far an order's goods have come."""

    state: ShipmentState
    scheduled_at: datetime | None
    dispatched_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class StateChange:
    """A state, and since when; `at` is not known of orders that ended before it was kept."""

    state: OrderState
    at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """What a customer ordered, and what became of it."""

    order_id: UUID
    customer_id: str
    customer_name: str | None
    state: OrderState
    rejection_reason: str | None
    total: Decimal
    placed_at: datetime
    decided_at: datetime | None
    ended_at: datetime | None
    items: tuple[Item, ...]
    shipment: Shipment | None

    @property
    def changes(self) -> tuple[StateChange, ...]:
        """Every state that the order has been in, in their order."""
        return tuple(self._changes())

    def _changes(self) -> Iterator[StateChange]:
        yield StateChange(state=OrderState.PENDING, at=self.placed_at)
        if self.state is OrderState.REJECTED:
            yield StateChange(state=OrderState.REJECTED, at=self.decided_at)
        elif self.state is not OrderState.PENDING:
            yield StateChange(state=OrderState.APPROVED, at=self.decided_at)
        if self.state in ENDS:
            yield StateChange(state=self.state, at=self.ended_at)
