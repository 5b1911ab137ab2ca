"""Brings JetStream to what the services declare: run before they start, as often as you like.

What can be changed without loss is changed. What would lose messages or their order is refused
with a reason, and then nothing at all is changed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
    StreamInfo,
)
from nats.js.errors import NotFoundError

from chassis.messaging.contracts import Kind
from chassis.messaging.topology import Channel, Consumer, ServiceTopology, Stream, TopologyError

_UNLIMITED = -1


class DriftError(Exception):
    """JetStream differs from the declarations in a way that only a person may resolve."""


class Verb(StrEnum):
    """What the provisioner does about a stream or a consumer."""

    CREATE = "create"
    UPDATE = "update"
    KEEP = "keep"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Action:
    """One line of the plan."""

    verb: Verb
    kind: str
    name: str
    reason: str = ""
    config: StreamConfig | ConsumerConfig | None = None
    stream: str = ""


async def provision(js: JetStreamContext, topologies: Sequence[ServiceTopology]) -> list[Action]:
    """Create and update everything that is declared; returns what was done.

    Raises TopologyError when declarations contradict each other and DriftError when JetStream has
    something that would be destroyed; in both cases before anything is changed.
    """
    plan = await make_plan(js, topologies)
    refused = [action for action in plan if action.verb is Verb.REFUSE]
    if refused:
        reasons = "\n".join(f"  {a.kind} {a.name}: {a.reason}" for a in refused)
        raise DriftError(f"nothing was changed, because this would lose messages:\n{reasons}")
    for action in plan:
        await _carry_out(js, action)
    return plan


async def make_plan(js: JetStreamContext, topologies: Sequence[ServiceTopology]) -> list[Action]:
    """What `provision` would do, streams before their consumers."""
    check_agreement(topologies)
    streams = [stream for topology in topologies for stream in topology.streams]
    consumers = [consumer for topology in topologies for consumer in topology.consumers]
    plan = [await _plan_stream(js, stream) for stream in streams]
    for consumer in consumers:
        plan += [
            await _plan_consumer(js, consumer, partition)
            for partition in range(consumer.channel.partitions)
        ]
        plan.extend(await _plan_surplus(js, consumer))
    return plan


def check_agreement(topologies: Iterable[ServiceTopology]) -> None:
    """Hold senders and consumers of a channel to what its owner declares; raises TopologyError."""
    topologies = tuple(topologies)
    owned: dict[str, tuple[str, Channel]] = {}
    for topology in topologies:
        for stream in topology.streams:
            if stream.name in owned:
                raise TopologyError(f"{stream.name} is declared by two services; one owns a stream")
            owned[stream.name] = (topology.service, stream.channel)
    for topology in topologies:
        used = (*topology.sends_to, *(consumer.channel for consumer in topology.consumers))
        for channel in used:
            owner, declared = owned.get(channel.stream, ("", channel))
            if declared != channel:
                raise TopologyError(
                    f"{topology.service} uses {channel.name} with {channel.partitions} partitions, "
                    f"its owner {owner} declares {declared.partitions}"
                )


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


async def _plan_stream(js: JetStreamContext, stream: Stream) -> Action:
    wanted = stream_config(stream)
    try:
        info = await js.stream_info(stream.name)
    except NotFoundError:
        return Action(Verb.CREATE, "stream", stream.name, config=wanted)
    refusal = _stream_refusal(info, wanted)
    if refusal:
        return Action(Verb.REFUSE, "stream", stream.name, refusal)
    changed = _differences(info.config, wanted)
    verb = Verb.UPDATE if changed else Verb.KEEP
    return Action(verb, "stream", stream.name, ", ".join(changed), wanted)


def _stream_refusal(info: StreamInfo, wanted: StreamConfig) -> str:
    current = info.config
    if current.retention != wanted.retention:
        return f"its retention is {current.retention}; move its messages to a new stream by hand"
    if current.storage != wanted.storage:
        return f"its storage is {current.storage}; move its messages to a new stream by hand"
    lost = set(current.subjects or ()) - set(wanted.subjects or ())
    if lost:
        return f"it also stores {', '.join(sorted(lost))}; declare these subjects or move them"
    if info.state.bytes > (wanted.max_bytes or 0):
        return f"it holds {info.state.bytes} bytes, more than max_bytes {wanted.max_bytes}"
    if info.state.messages and 0 < (wanted.max_age or 0) < (current.max_age or float("inf")):
        return f"max_age would fall to {wanted.max_age} s and drop messages; purge it first"
    return ""


async def _plan_consumer(js: JetStreamContext, consumer: Consumer, partition: int) -> Action:
    stream, wanted = consumer.channel.stream, consumer_config(consumer, partition)
    name = f"{stream} → {wanted.durable_name}"
    try:
        info = await js.consumer_info(stream, consumer.durable(partition))
    except NotFoundError:
        return Action(Verb.CREATE, "consumer", name, config=wanted, stream=stream)
    current = info.config
    if current.ack_policy != wanted.ack_policy or current.deliver_policy != wanted.deliver_policy:
        return Action(
            Verb.REFUSE, "consumer", name, "its policies cannot be changed; delete it by hand"
        )
    if current.filter_subject and not current.filter_subjects:
        current.filter_subjects = [current.filter_subject]
    changed = _differences(current, wanted)
    verb = Verb.UPDATE if changed else Verb.KEEP
    return Action(verb, "consumer", name, ", ".join(changed), wanted, stream)


async def _plan_surplus(js: JetStreamContext, consumer: Consumer) -> list[Action]:
    """Refuse fewer partitions than there were: keys would change place with messages under way."""
    try:
        await js.consumer_info(
            consumer.channel.stream, consumer.durable(consumer.channel.partitions)
        )
    except NotFoundError:
        return []
    return [
        Action(
            Verb.REFUSE,
            "consumer",
            f"{consumer.channel.stream} → {consumer.durable(consumer.channel.partitions)}",
            f"{consumer.channel.name} had more than {consumer.channel.partitions} partitions; "
            "drain the stream and delete its consumers first",
        )
    ]


def _differences(current: Any, wanted: Any) -> list[str]:
    """Names of the fields that the declaration sets and JetStream has otherwise."""
    return [
        field.name
        for field in fields(wanted)
        if (value := getattr(wanted, field.name)) is not None
        and getattr(current, field.name) != value
        and (value or getattr(current, field.name))
    ]


async def _carry_out(js: JetStreamContext, action: Action) -> None:
    match action.verb, action.config:
        case Verb.CREATE, StreamConfig() as config:
            await js.add_stream(config)
        case Verb.UPDATE, StreamConfig() as config:
            await js.update_stream(config)
        case ((Verb.CREATE | Verb.UPDATE), ConsumerConfig() as config):
            await js.add_consumer(action.stream, config)
