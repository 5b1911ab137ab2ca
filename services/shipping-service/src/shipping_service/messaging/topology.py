"""What shipping-service owns, reads and writes in NATS."""

from chassis.messaging.topology import Consumer, ServiceTopology, Stream, events

TOPOLOGY = ServiceTopology(
    service="shipping-service",
    context="shipping",
    streams=(Stream(channel=events("shipping")),),
    consumers=(
        Consumer(service="shipping-service", channel=events("order"), names=("OrderApproved",)),
        Consumer(
            service="shipping-service",
            channel=events("inventory"),
            names=("GoodsIssued", "GoodsWithheld"),
        ),
    ),
)
