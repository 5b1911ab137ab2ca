"""What inventory-service owns, reads and writes in NATS."""

from chassis.messaging.topology import Consumer, ServiceTopology, Stream, commands, replies

COMMANDS = commands("inventory")

TOPOLOGY = ServiceTopology(
    service="inventory-service",
    context="inventory",
    streams=(Stream(channel=COMMANDS),),
    consumers=(Consumer(service="inventory-service", channel=COMMANDS),),
    sends_to=(replies("order"),),
)
