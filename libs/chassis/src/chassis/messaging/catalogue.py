"""Which messages a service says and reads, found from its contracts and its topology.

Contracts are wherever a service declares message classes: what its `app` imports is what it uses.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module

from chassis.consumers.declared import answers_of, handlers_of
from chassis.messaging.contracts import Kind, Message, Reply
from chassis.messaging.topology import Channel, ServiceTopology


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """A message of a service, with a channel that it is sent to or received from."""

    message: type[Message]
    channel: Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Everything that a service says and reads, in the order of channels and wire types.

    `owned` are the messages of its own context: it decides what they look like. `answers` are the
    replies that its handlers give to a command, by the command's wire type.
    """

    topology: ServiceTopology
    sent: tuple[Spoken, ...]
    received: tuple[Spoken, ...]
    owned: tuple[type[Message], ...]
    answers: Mapping[str, tuple[type[Reply], ...]] = field(default_factory=dict)


def catalogue_of(package: str) -> Catalogue:
    """The catalogue of an installed service, whose `app` is imported for it."""
    import_module(f"{package}.app")
    topology: ServiceTopology = import_module(f"{package}.messaging.topology").TOPOLOGY
    catalogue = make_catalogue(topology, messages_of(package))
    handlers = (one for one in handlers_of(package) if one.message.kind is Kind.COMMANDS)
    answers = {handler.message.wire_type: answers_of(handler) for handler in handlers}
    return replace(catalogue, answers=answers)


def messages_of(package: str) -> tuple[type[Message], ...]:
    """The message classes with a wire type that modules of a package have declared so far."""
    found = {
        message
        for message in _descendants(Message)
        if message.__module__.startswith(f"{package}.") and "wire_type" in vars(message)
    }
    return tuple(sorted(found, key=lambda message: message.wire_type))


def make_catalogue(topology: ServiceTopology, messages: tuple[type[Message], ...]) -> Catalogue:
    """What the service does with its messages, on the channels that it declares."""
    sent = (
        Spoken(message=message, channel=channel)
        for channel in topology.publishes
        for message in messages
        if _belongs(message, channel, topology, sent=True)
    )
    received = (
        Spoken(message=message, channel=consumer.channel)
        for consumer in topology.consumers
        for message in messages
        if _belongs(message, consumer.channel, topology, sent=False)
        and (not consumer.names or message.wire_name in consumer.names)
    )
    read = (
        Spoken(message=message, channel=channel)
        for channel in topology.reads
        for message in messages
        if _belongs(message, channel, topology, sent=False)
    )
    return Catalogue(
        topology=topology,
        sent=tuple(sent),
        received=tuple(dict.fromkeys((*received, *read))),
        owned=tuple(message for message in messages if message.context == topology.context),
    )


def _belongs(
    message: type[Message], channel: Channel, topology: ServiceTopology, *, sent: bool
) -> bool:
    if message.kind is not channel.kind:
        return False
    if message.kind is Kind.REPLIES:  # they come back on the channel of whoever asked
        return (message.context == topology.context) is sent
    return message.context == channel.context


def _descendants(message: type[Message]) -> Iterator[type[Message]]:
    for child in message.__subclasses__():
        yield child
        yield from _descendants(child)
