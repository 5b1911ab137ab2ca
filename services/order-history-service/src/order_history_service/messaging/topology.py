"""What order-history-service reads in NATS; it owns nothing there and writes nothing."""

from chassis.messaging.topology import ServiceTopology, events

TOPOLOGY = ServiceTopology(
    service="order-history-service",
    context="order_history",
    reads=(events("order"), events("customer"), events("inventory"), events("shipping")),
)
