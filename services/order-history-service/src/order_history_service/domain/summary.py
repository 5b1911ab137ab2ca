"""What a customer's orders come to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from order_history_service.domain.states import OPEN, OrderState


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """So many orders, and what they come to together."""

    orders: int
    total: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class CustomerSummary:
    """A customer's orders by state. Without orders in a state, the state is not there."""

    customer_id: str
    name: str | None
    country: str | None
    by_state: Mapping[OrderState, Tally]

    @property
    def orders(self) -> int:
        return sum(tally.orders for tally in self.by_state.values())

    @property
    def spent(self) -> Decimal:
        """For goods that the customer has."""
        return self._total((OrderState.DELIVERED,))

    @property
    def open(self) -> Decimal:
        """For orders that are being decided or are on their way."""
        return self._total(OPEN)

    @property
    def cancelled(self) -> Decimal:
        return self._total((OrderState.CANCELLED,))

    def _total(self, states: Iterable[OrderState]) -> Decimal:
        found = (self.by_state[state].total for state in states if state in self.by_state)
        return sum(found, Decimal("0.00"))
