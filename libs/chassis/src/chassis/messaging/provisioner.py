"""Brings JetStream to what services declare: for all of them or one by one, as often as you like.

What can be changed without loss is changed. What would lose messages or their order is refused
with a reason, and then nothing at all is changed. Provisioners may run at the same time: each makes
its own services' streams first, and what it reads of others' waits until they are made.
"""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from nats.js import JetStreamContext
from nats.js.api import ConsumerConfig, StreamConfig, StreamInfo
from nats.js.errors import NotFoundError

from chassis.messaging.jetstream import consumer_config, partitions_of, stream_config
from chassis.messaging.topology import Channel, Consumer, ServiceTopology, Stream, TopologyError


class DriftError(Exception):
    """JetStream differs from the declarations in a way that only a person may resolve."""


class MissingStreamError(Exception):
    """Another service's stream, which a consumer here reads, has not been made yet."""


class Verb(StrEnum):
    """What the provisioner does about a stream or a consumer."""

    CREATE = "create"
    UPDATE = "update"
    KEEP = "keep"
    WAIT = "wait"
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
    something that would be destroyed; in both cases before anything is changed. Raises
    MissingStreamError when everything else is done: provision again once the stream is there.
    """
    plan = await make_plan(js, topologies)
    if refused := _reasons(plan, Verb.REFUSE):
        raise DriftError(f"nothing was changed, because this would lose messages:\n{refused}")
    for action in plan:
        await _carry_out(js, action)
    if missing := _reasons(plan, Verb.WAIT):
        raise MissingStreamError(f"streams of other services are missing:\n{missing}")
    return plan


def _reasons(plan: Iterable[Action], verb: Verb) -> str:
    lines = (f"  {a.kind} {a.name}: {a.reason}" for a in plan if a.verb is verb)
    return "\n".join(dict.fromkeys(lines))


async def make_plan(js: JetStreamContext, topologies: Sequence[ServiceTopology]) -> list[Action]:
    """What `provision` would do, streams before their consumers."""
    check_agreement(topologies)
    streams = [stream for topology in topologies for stream in topology.streams]
    plan = [await _plan_stream(js, stream) for stream in streams]
    own = {stream.name for stream in streams}
    for topology in topologies:
        plan += await _plan_senders(js, topology, own)
        for channel in topology.reads:
            plan += await _plan_reader(js, topology.service, channel, own)
        for consumer in topology.consumers:
            plan += await _plan_consumer(js, consumer, own)
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
        consumed = (consumer.channel for consumer in topology.consumers)
        used = (*topology.sends_to, *consumed, *topology.reads)
        for channel in used:
            owner, declared = owned.get(channel.stream, ("", channel))
            if declared != channel:
                raise TopologyError(
                    f"{topology.service} uses {channel.name} with {channel.partitions} partitions, "
                    f"its owner {owner} declares {declared.partitions}"
                )


async def _plan_stream(js: JetStreamContext, stream: Stream) -> Action:
    wanted = stream_config(stream)
    info = await _stream_info(js, stream.name)
    if info is None:
        return Action(Verb.CREATE, "stream", stream.name, config=wanted)
    refusal = _repartitioning_refusal(info, wanted) or _stream_refusal(info, wanted)
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


def _repartitioning_refusal(info: StreamInfo, wanted: StreamConfig) -> str:
    """Keys must not change place with messages under way, nor partitions lose their readers."""
    had, has = partitions_of(info.config), partitions_of(wanted)
    if had is None or has is None or had == has:
        return ""
    if has < had:
        return f"it had {had} partitions, more than {has}; drain it and delete its consumers first"
    return f"it has messages in {had} partitions; drain it first" if info.state.messages else ""


async def _plan_senders(
    js: JetStreamContext, topology: ServiceTopology, own: AbstractSet[str]
) -> list[Action]:
    """Refusals of what is sent to other services otherwise than they read it."""
    return [
        refusal
        for channel in topology.sends_to
        if channel.stream not in own
        and (info := await _stream_info(js, channel.stream))
        and (refusal := _disagreement(topology.service, channel, info))
    ]


async def _plan_consumer(
    js: JetStreamContext, consumer: Consumer, own: AbstractSet[str]
) -> list[Action]:
    channel = consumer.channel
    if obstacles := await _plan_reader(js, consumer.service, channel, own):
        return obstacles
    return [await _plan_durable(js, consumer, number) for number in range(channel.partitions)]


async def _plan_reader(
    js: JetStreamContext, service: str, channel: Channel, own: AbstractSet[str]
) -> list[Action]:
    """What stands in the way of reading a channel, whose stream may be another service's."""
    if channel.stream in own:
        return []
    info = await _stream_info(js, channel.stream)
    if info is None:
        reason = f"{service} reads it, and its owner has not provisioned it yet"
        return [Action(Verb.WAIT, "stream", channel.stream, reason)]
    refusal = _disagreement(service, channel, info)
    return [refusal] if refusal else []


def _disagreement(service: str, channel: Channel, info: StreamInfo) -> Action | None:
    declared = partitions_of(info.config)
    if declared in (None, channel.partitions):
        return None
    reason = (
        f"{service} uses {channel.name} with {channel.partitions} partitions, "
        f"its owner declares {declared}"
    )
    return Action(Verb.REFUSE, "stream", channel.stream, reason)


async def _stream_info(js: JetStreamContext, stream: str) -> StreamInfo | None:
    try:
        return await js.stream_info(stream)
    except NotFoundError:
        return None


async def _plan_durable(js: JetStreamContext, consumer: Consumer, partition: int) -> Action:
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


def _differences(current: Any, wanted: Any) -> list[str]:
    """Names of the fields that the declaration sets and JetStream has otherwise."""
    return [
        field.name
        for field in fields(wanted)
        if (value := getattr(wanted, field.name)) is not None
        and not _is_as_wanted(getattr(current, field.name), value)
    ]


def _is_as_wanted(current: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict):  # the server adds metadata of its own
        return wanted.items() <= (current or {}).items()
    return bool(current == wanted or not (current or wanted))


async def _carry_out(js: JetStreamContext, action: Action) -> None:
    match action.verb, action.config:
        case Verb.CREATE, StreamConfig() as config:
            await js.add_stream(config)
        case Verb.UPDATE, StreamConfig() as config:
            await js.update_stream(config)
        case ((Verb.CREATE | Verb.UPDATE), ConsumerConfig() as config):
            await js.add_consumer(action.stream, config)
