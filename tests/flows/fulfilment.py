"""The fulfilment of an approved order: a flow by choreography, and its one home.

No service knows the whole of it. Each row says what one service does about one event, and which
events come of that; `test_fulfilment.py` holds the services to these rows, walks every way through
them, and holds the drawing in docs/architecture/fulfilment.md to them.
"""

from datetime import timedelta
from typing import NamedTuple


class Reaction(NamedTuple):
    """What a service does about an event: it publishes some of these, at once or later."""

    service: str
    reacts_to: str
    publishes: tuple[str, ...] = ()


FULFILMENT = (
    Reaction("shipping-service", "OrderApproved", ("ShipmentScheduled",)),
    Reaction("inventory-service", "ShipmentScheduled", ("GoodsIssued", "GoodsWithheld")),
    Reaction("shipping-service", "GoodsWithheld", ("ShipmentWithheld",)),
    Reaction(
        "shipping-service",
        "GoodsIssued",
        ("ShipmentDispatched", "ShipmentDelivered", "ShipmentFailed"),
    ),
    Reaction("order-service", "ShipmentDelivered", ("OrderDelivered",)),
    Reaction("order-service", "ShipmentFailed", ("OrderUndelivered",)),
    Reaction("inventory-service", "ShipmentFailed", ("GoodsRestocked",)),
    Reaction("customer-service", "OrderUndelivered", ("CreditReturned",)),
    Reaction("order-service", "ShipmentScheduled"),
    Reaction("order-service", "GoodsIssued"),
    Reaction("order-service", "GoodsRestocked"),
    Reaction("order-service", "CreditReturned"),
)


class Due(NamedTuple):
    """Which event comes next, by whom and by when; `noted_by` sees to it that it comes."""

    noted_by: str
    flow: str
    after: str
    awaits: tuple[str, ...]
    by: str
    within: timedelta


DUE = (
    Due(
        *("order-service", "fulfilment", "OrderApproved", ("ShipmentScheduled",)),
        *("shipping-service", timedelta(minutes=15)),
    ),
    Due(
        *("order-service", "fulfilment", "ShipmentScheduled", ("GoodsIssued",)),
        *("inventory-service", timedelta(minutes=5)),
    ),
    Due(
        *("order-service", "fulfilment", "GoodsIssued", ("ShipmentDelivered", "ShipmentFailed")),
        *("shipping-service", timedelta(minutes=15)),
    ),
    Due(
        *("order-service", "restocking", "ShipmentFailed", ("GoodsRestocked",)),
        *("inventory-service", timedelta(minutes=15)),
    ),
    Due(
        *("order-service", "credit-return", "OrderUndelivered", ("CreditReturned",)),
        *("customer-service", timedelta(minutes=15)),
    ),
)
"""What is due when, once a flow has begun; a cancellation ends a fulfilment at any stage."""

DELIVERED = (
    ("OrderApproved", "shipping-service", "ShipmentScheduled"),
    ("ShipmentScheduled", "inventory-service", "GoodsIssued"),
    ("GoodsIssued", "shipping-service", "ShipmentDispatched"),
    ("GoodsIssued", "shipping-service", "ShipmentDelivered"),
    ("ShipmentDelivered", "order-service", "OrderDelivered"),
)
NOT_DELIVERED = (
    ("OrderApproved", "shipping-service", "ShipmentScheduled"),
    ("ShipmentScheduled", "inventory-service", "GoodsIssued"),
    ("GoodsIssued", "shipping-service", "ShipmentDispatched"),
    ("GoodsIssued", "shipping-service", "ShipmentFailed"),
    ("ShipmentFailed", "order-service", "OrderUndelivered"),
    ("ShipmentFailed", "inventory-service", "GoodsRestocked"),
    ("OrderUndelivered", "customer-service", "CreditReturned"),
)
WITHHELD = (
    ("OrderApproved", "shipping-service", "ShipmentScheduled"),
    ("ShipmentScheduled", "inventory-service", "GoodsWithheld"),
    ("GoodsWithheld", "shipping-service", "ShipmentWithheld"),
)
"""Ways through the flow: which event makes which service publish which."""


def drawing(flow: tuple[Reaction, ...]) -> str:
    """The flow as a Mermaid flow chart: events are its nodes, services its edges."""
    lines = ["flowchart TD"]
    for service, event, published in flow:
        targets = published or (f"noted_{event}((noted))",)
        lines += [f"    {event} -->|{service}| {target}" for target in targets]
    return "\n".join(lines)
