"""What order-service owns, reads and writes in NATS."""

from chassis.messaging.topology import Consumer, ServiceTopology, Stream, commands, events, replies

EVENTS = events("order")
REPLIES = replies("order")

TOPOLOGY = ServiceTopology(
    service="order-service",
    context="order",
    streams=(Stream(channel=EVENTS), Stream(channel=REPLIES)),
    consumers=(Consumer(service="order-service", channel=REPLIES),),
    sends_to=(commands("customer"), commands("inventory")),
)
