"""What the trace of each kind of order has to look like, told by its messages.

Each message is made by one service, published by that service's relay, and processed by another
service; for each of them the trace has an edge to the relay's span and one to the receiver's.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from devkit.tracing.trace import Edge, Place, Trace


class Message(NamedTuple):
    """From whom, over which channel, to whom."""

    sender: str
    channel: str
    receiver: str

    @property
    def edges(self) -> tuple[Edge, Edge]:
        made = Place(self.sender, f"create {self.channel}")
        published = Place(f"{self.sender}-relay", f"publish {self.channel}")
        return Edge(made, published), Edge(made, Place(self.receiver, f"process {self.channel}"))


@dataclass(frozen=True, kw_only=True, slots=True)
class ExpectedTrace:
    """``compensated`` are the steps that are undone; ``refused`` is the only step with an error."""

    saga_type: str
    root: str
    messages: tuple[Message, ...]
    compensated: frozenset[str] = frozenset()
    refused: str | None = None

    def faults(self, trace: Trace) -> Iterator[str]:
        """A sentence for everything that the trace lacks, or has in excess."""
        for message in self.messages:
            for edge in message.edges:
                if edge not in trace.edges:
                    yield f"nothing leads from {' '.join(edge.before)} to {' '.join(edge.after)}"
        compensated = {
            str(span.attributes.get("saga.step"))
            for span in trace.spans
            if span.name.startswith("saga ")
            and span.attributes.get("saga.direction") == "compensation"
        }
        if compensated != self.compensated:
            yield f"undone are {sorted(compensated)}, not {sorted(self.compensated)}"
        failed = [span.attributes.get("saga.step") for span in trace.spans if span.is_error]
        if failed != ([] if self.refused is None else [self.refused]):
            yield f"errors are at {failed}"
        if [span.name for span in trace.roots] != [self.root]:
            yield f"the roots are {[span.name for span in trace.roots]}"


_ORDER, _CUSTOMER = "order-service", "customer-service"
_INVENTORY, _SHIPPING = "inventory-service", "shipping-service"

_RESERVED = (
    Message(_ORDER, "customer.commands", _CUSTOMER),
    Message(_CUSTOMER, "order.replies", _ORDER),
    Message(_ORDER, "inventory.commands", _INVENTORY),
    Message(_INVENTORY, "order.replies", _ORDER),
)
_SHIPPED = (
    *_RESERVED,
    Message(_ORDER, "order.events", _SHIPPING),
    Message(_SHIPPING, "shipping.events", _INVENTORY),
    Message(_INVENTORY, "inventory.events", _SHIPPING),
    Message(_SHIPPING, "shipping.events", _ORDER),
)

DELIVERED = ExpectedTrace(saga_type="CreateOrder", root="POST /orders", messages=_SHIPPED)
UNDELIVERED = ExpectedTrace(
    saga_type="CreateOrder",
    root="POST /orders",
    messages=(
        *_SHIPPED,
        Message(_ORDER, "order.events", _CUSTOMER),
        Message(_CUSTOMER, "customer.events", _ORDER),
        Message(_INVENTORY, "inventory.events", _ORDER),
    ),
)
REJECTED = ExpectedTrace(
    saga_type="CreateOrder",
    root="POST /orders",
    messages=_RESERVED,
    compensated=frozenset({"create_order", "reserve_credit"}),
    refused="reserve_stock",
)
CANCELLED = ExpectedTrace(
    saga_type="CancelOrder",
    root="POST /orders/{order_id}/cancellation",
    messages=(
        Message(_ORDER, "inventory.commands", _INVENTORY),
        Message(_INVENTORY, "order.replies", _ORDER),
        Message(_ORDER, "customer.commands", _CUSTOMER),
        Message(_CUSTOMER, "order.replies", _ORDER),
    ),
)
