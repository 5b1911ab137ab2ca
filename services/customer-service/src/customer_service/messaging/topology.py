"""What customer-service owns, reads and writes in NATS."""

from chassis.messaging.topology import (
    Consumer,
    ServiceTopology,
    Stream,
    commands,
    events,
    replies,
)

COMMANDS = commands("customer")

TOPOLOGY = ServiceTopology(
    service="customer-service",
    context="customer",
    streams=(Stream(channel=COMMANDS), Stream(channel=events("customer"))),
    consumers=(
        Consumer(service="customer-service", channel=COMMANDS),
        Consumer(service="customer-service", channel=events("order"), names=("OrderUndelivered",)),
    ),
    sends_to=(replies("order"),),
)
