"""An order and its life.

PENDING → APPROVED or REJECTED; APPROVED → DELIVERED or UNDELIVERED, or CANCEL_PENDING → CANCELLED.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Self
from uuid import UUID

from order_service.domain.errors import InvalidOrderError, OrderStateError, OrderUndecidedError
from order_service.domain.order_line import OrderLine

MAX_LINES = 100
MAX_TOTAL = Decimal("999999999999.99")


class OrderState(StrEnum):
    """PENDING and CANCEL_PENDING are semantic locks: a saga is at work on the order."""

    PENDING = "PENDING"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    CANCEL_PENDING = "CANCEL_PENDING"
    CANCELLED = "CANCELLED"
    DELIVERED = "DELIVERED"
    UNDELIVERED = "UNDELIVERED"


_MAY_WAIT = frozenset({OrderState.APPROVED, OrderState.CANCEL_PENDING, OrderState.UNDELIVERED})
_LOCKED = frozenset({OrderState.PENDING, OrderState.CANCEL_PENDING})
_CLOSED_BY_SHIPMENT = frozenset({OrderState.DELIVERED, OrderState.UNDELIVERED})


class RejectionReason(StrEnum):
    """Why an order was rejected; REFUSED is a participant's reason that is not known here."""

    CUSTOMER_NOT_FOUND = "CUSTOMER_NOT_FOUND"
    CREDIT_LIMIT_EXCEEDED = "CREDIT_LIMIT_EXCEEDED"
    PRODUCT_NOT_FOUND = "PRODUCT_NOT_FOUND"
    OUT_OF_STOCK = "OUT_OF_STOCK"
    TIMED_OUT = "TIMED_OUT"
    REFUSED = "REFUSED"


@dataclass(kw_only=True, eq=False)
class Order:
    """What a customer wants, and what became of it.

    Lines and total never change. `ended_at` is when it was cancelled, delivered or found to be
    undeliverable. A transition that the state does not allow raises OrderStateError.
    """

    order_id: UUID
    customer_id: str
    lines: tuple[OrderLine, ...]
    total: Decimal
    placed_at: datetime
    state: OrderState = OrderState.PENDING
    rejection_reason: RejectionReason | None = None
    decided_at: datetime | None = None
    ended_at: datetime | None = None

    @classmethod
    def place(
        cls, *, order_id: UUID, customer_id: str, lines: Sequence[OrderLine], at: datetime
    ) -> Self:
        """A new order, PENDING; raises InvalidOrderError."""
        if not 1 <= len(lines) <= MAX_LINES:
            raise InvalidOrderError(f"An order has between 1 and {MAX_LINES} lines")
        total = sum((line.amount for line in lines), Decimal(0))
        if total > MAX_TOTAL:
            raise InvalidOrderError(f"The total is above {MAX_TOTAL}; place several orders")
        return cls(
            order_id=order_id,
            customer_id=customer_id,
            lines=tuple(lines),
            total=total,
            placed_at=at,
        )

    @property
    def is_locked(self) -> bool:
        """Whether a saga is at work on it."""
        return self.state in _LOCKED

    @property
    def may_wait(self) -> bool:
        """Whether other services may have to do something for it still, of their own accord."""
        return self.state in _MAY_WAIT

    def approve(self, *, at: datetime) -> None:
        self._move(OrderState.PENDING, to=OrderState.APPROVED)
        self.decided_at = at

    def reject(self, reason: RejectionReason, *, at: datetime) -> None:
        self._move(OrderState.PENDING, to=OrderState.REJECTED)
        self.rejection_reason, self.decided_at = reason, at

    def begin_cancellation(self) -> None:
        """Raises OrderUndecidedError for a pending order, which can be cancelled in a moment."""
        if self.state is OrderState.PENDING:
            raise OrderUndecidedError(self.order_id)
        self._move(OrderState.APPROVED, to=OrderState.CANCEL_PENDING)

    def undo_cancellation(self) -> None:
        """The goods had left already; meanwhile they may even have arrived, or not."""
        if self.state not in _CLOSED_BY_SHIPMENT:
            self._move(OrderState.CANCEL_PENDING, to=OrderState.APPROVED)

    def confirm_cancellation(self, *, at: datetime) -> None:
        self._move(OrderState.CANCEL_PENDING, to=OrderState.CANCELLED)
        self.ended_at = at

    def deliver(self, *, at: datetime) -> None:
        """The customer has the goods; once is as good as twice."""
        self._close(OrderState.DELIVERED, at)

    def fail_delivery(self, *, at: datetime) -> None:
        """The goods come back, and the customer owes nothing; once is as good as twice."""
        self._close(OrderState.UNDELIVERED, at)

    def _close(self, to: OrderState, at: datetime) -> None:
        """Goods that left win over a cancellation, which inventory-service has to refuse then."""
        if self.state is not to:
            self._move(OrderState.APPROVED, OrderState.CANCEL_PENDING, to=to)
            self.ended_at = at

    def _move(self, *expected: OrderState, to: OrderState) -> None:
        if self.state not in expected:
            raise OrderStateError(
                f"Order {self.order_id} is {self.state}; "
                f"only one that is {' or '.join(expected)} becomes {to}"
            )
        self.state = to
