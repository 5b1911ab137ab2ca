"""What inventory-service owns, reads and writes in NATS."""

from chassis.messaging.topology import (
    Consumer,
    ServiceTopology,
    Stream,
    commands,
    events,
    replies,
)

COMMANDS = commands("inventory")

TOPOLOGY = ServiceTopology(
    service="inventory-service",
    context="inventory",
    streams=(Stream(channel=COMMANDS), Stream(channel=events("inventory"))),
    consumers=(
        Consumer(service="inventory-service", channel=COMMANDS),
        Consumer(
            service="inventory-service",
            channel=events("shipping"),
            names=("ShipmentScheduled", "ShipmentFailed"),
        ),
    ),
    sends_to=(replies("order"),),
)
