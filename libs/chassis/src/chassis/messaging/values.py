"""The `messaging:` block of a service's chart: its declaration as plain data."""

from typing import Any

from chassis.messaging.topology import ServiceTopology


def messaging_values(topology: ServiceTopology) -> dict[str, Any]:
    """What a chart needs to know for NATS users, network policies and scaling by lag.

    streams: owned ones, with the subjects that they store and the partitions of their channel;
    consumers: streams that are read, with the durables, one for each partition; publishes: the
    subjects that the relay sends to; reads: streams that views read, with the subjects that they
    listen to, where there are views.
    """
    return {
        "streams": [
            {
                "name": stream.name,
                "subjects": list(stream.subjects),
                "partitions": stream.channel.partitions,
            }
            for stream in topology.streams
        ],
        "consumers": [
            {"stream": consumer.channel.stream, "durables": list(consumer.durables)}
            for consumer in topology.consumers
        ],
        "publishes": [channel.subjects for channel in topology.publishes],
        **({"reads": _reads(topology)} if topology.reads else {}),
    }


def _reads(topology: ServiceTopology) -> list[dict[str, str]]:
    return [{"stream": read.stream, "subjects": read.subjects} for read in topology.reads]
