"""What order-service owns, reads and writes in NATS."""

from chassis.messaging.topology import Consumer, ServiceTopology, Stream, commands, events, replies

EVENTS = events("order")
REPLIES = replies("order")

TOPOLOGY = ServiceTopology(
    service="order-service",
    context="order",
    streams=(Stream(channel=EVENTS), Stream(channel=REPLIES)),
    consumers=(
        Consumer(service="order-service", channel=REPLIES),
        Consumer(
            service="order-service",
            channel=events("shipping"),
            names=("ShipmentScheduled", "ShipmentDelivered", "ShipmentFailed"),
        ),
        Consumer(
            service="order-service",
            channel=events("inventory"),
            names=("GoodsIssued", "GoodsRestocked"),
        ),
        Consumer(service="order-service", channel=events("customer"), names=("CreditReturned",)),
    ),
    sends_to=(commands("customer"), commands("inventory")),
)
