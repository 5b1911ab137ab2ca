"""What came of a run's orders."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any
from uuid import UUID

from devkit.books import Books
from devkit.carrier import Carrier
from devkit.message_counts import MessageCounts
from devkit.models import APPROVED, IN_FLIGHT, Order, OrderState, ShipmentState
from devkit.sums import disagreements

_MILLISECONDS = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """``disagreements`` are sentences about sums that do not agree.

    ``still_moving`` counts what is under way besides orders: shipments, sagas, and what is given
    back.
    """

    orders: tuple[Order, ...]
    messages: MessageCounts
    disagreements: tuple[str, ...]
    still_moving: int = 0

    @property
    def is_sound(self) -> bool:
        """Nothing is in flight, and all sums agree."""
        return not self.disagreements and self.in_flight == 0

    @property
    def approved(self) -> int:
        """Orders that were approved and not cancelled, however they ended."""
        return self._count(*APPROVED)

    @property
    def delivered(self) -> int:
        return self._count(OrderState.DELIVERED)

    @property
    def shipment_failed(self) -> int:
        return self._count(OrderState.UNDELIVERED)

    @property
    def cancelled(self) -> int:
        return self._count(OrderState.CANCELLED)

    @property
    def in_flight(self) -> int:
        return self._count(*IN_FLIGHT) + self.still_moving

    @property
    def rejected(self) -> Counter[str]:
        """Rejected orders by reason."""
        return Counter(
            str(order.rejection_reason)
            for order in self.orders
            if order.state is OrderState.REJECTED
        )

    def saga_ms(self, percent: int) -> float:
        """Milliseconds from placing to decision that ``percent`` of the orders stay below."""
        return percentile([_decided_in_ms(order) for order in self.orders], percent)

    def as_json(self) -> dict[str, Any]:
        return {
            "orders": len(self.orders),
            "approved": self.approved,
            "rejected": dict(sorted(self.rejected.items())),
            "cancelled": self.cancelled,
            "delivered": self.delivered,
            "shipment_failed": self.shipment_failed,
            "in_flight": self.in_flight,
            "saga_ms": {"p50": self.saga_ms(50), "p99": self.saga_ms(99)},
            "messages": {
                "relayed": self.messages.relayed,
                "duplicates_dropped": self.messages.duplicates_dropped,
                "dead_lettered": self.messages.dead_lettered,
            },
            "sums_agree": not self.disagreements,
        }

    def _count(self, *states: OrderState) -> int:
        return sum(order.state in states for order in self.orders)


def judge(
    books: Books,
    *,
    accepted: Iterable[UUID],
    stock: Mapping[str, int],
    messages: MessageCounts,
    carrier: Carrier,
    still_moving: int,
) -> Outcome:
    """The outcome.

    An accepted order that is not in the books is a sum that does not agree, and so is a shipment
    with another fate than its carrier foresees.
    """
    known = {order.order_id for order in books.orders}
    missing = [f"order {order_id} was accepted and is lost" for order_id in set(accepted) - known]
    return Outcome(
        orders=books.orders,
        messages=messages,
        disagreements=(*missing, *_misled(books, carrier), *disagreements(books, stock=stock)),
        still_moving=still_moving,
    )


def _misled(books: Books, carrier: Carrier) -> Iterator[str]:
    fates = {ShipmentState.DELIVERED: False, ShipmentState.FAILED: True}
    for shipment in books.shipments:
        foreseen = carrier.fails(shipment.order_id)
        if fates.get(shipment.state, foreseen) is not foreseen:
            yield f"the shipment of order {shipment.order_id} is {shipment.state} against all plans"


def percentile(values: list[float | None], percent: int) -> float:
    """The nearest rank, of those values that there are; 0 where there are none."""
    known = sorted(value for value in values if value is not None)
    if not known:
        return 0.0
    return round(known[ceil(percent / 100 * len(known)) - 1], 1)


def _decided_in_ms(order: Order) -> float | None:
    if order.decided_at is None:
        return None
    return (order.decided_at - order.placed_at).total_seconds() * _MILLISECONDS
