"""What customer-service owns, reads and writes in NATS."""

from chassis.messaging.topology import Consumer, ServiceTopology, Stream, commands, replies

COMMANDS = commands("customer")

TOPOLOGY = ServiceTopology(
    service="customer-service",
    context="customer",
    streams=(Stream(channel=COMMANDS),),
    consumers=(Consumer(service="customer-service", channel=COMMANDS),),
    sends_to=(replies("order"),),
)
