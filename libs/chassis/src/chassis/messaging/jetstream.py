"""Declared streams and consumers as JetStream configures them."""

from typing import Final

from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)

from chassis.messaging.contracts import Kind
from chassis.messaging.topology import Consumer, Stream

PARTITIONS: Final = "chassis.partitions"
"""The metadata by which a stream tells everybody how many partitions its channel has."""

_UNLIMITED: Final = -1


def stream_config(stream: Stream) -> StreamConfig:
    """JetStream's configuration of a declared stream."""
    keep = stream.channel.kind is Kind.EVENTS
    return StreamConfig(
        name=stream.name,
        subjects=list(stream.subjects),
        retention=RetentionPolicy.LIMITS if keep else RetentionPolicy.WORK_QUEUE,
        storage=StorageType.FILE,
        discard=DiscardPolicy.NEW,
        max_age=stream.max_age.total_seconds() if keep else 0,
        max_bytes=stream.max_bytes,
        num_replicas=stream.replicas,
        duplicate_window=stream.duplicate_window.total_seconds(),
        allow_atomic=True,
        allow_direct=keep,
        metadata={PARTITIONS: str(stream.channel.partitions)},
    )


def consumer_config(consumer: Consumer, partition: int) -> ConsumerConfig:
    """JetStream's configuration of one partition's durable."""
    return ConsumerConfig(
        name=consumer.durable(partition),  # else nats-py makes it by an API subject of its own
        durable_name=consumer.durable(partition),
        filter_subjects=list(consumer.channel.filter_subjects(partition, consumer.names)),
        deliver_policy=DeliverPolicy.ALL,
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=consumer.ack_wait.total_seconds(),
        max_deliver=_UNLIMITED,
        max_ack_pending=consumer.max_ack_pending,
    )


def partitions_of(config: StreamConfig) -> int | None:
    """Partitions of the channel that a stream stores, as its owner declared them."""
    declared = (config.metadata or {}).get(PARTITIONS)
    return None if declared is None else int(declared)
