"""Services keep their own copies of each other's messages; the copies fit the originals."""

import pytest

from chassis.messaging.catalogue import Catalogue, Spoken, catalogue_of
from chassis.messaging.compatibility import misfits
from chassis.messaging.contracts import Kind, Message
from chassis.retention import Retention
from devkit.deployables import with_messaging

CATALOGUES = tuple(catalogue_of(one.package) for one in with_messaging())
ORIGINALS = {message.wire_type: message for one in CATALOGUES for message in one.owned}


def copies(direction: str) -> list[type[Message]]:
    """Others' messages, as those who send or receive them have them."""
    spoken: list[Spoken] = [one for each in CATALOGUES for one in getattr(each, direction)]
    found = {one.message for one in spoken} - set(ORIGINALS.values())
    return sorted(found, key=lambda message: (message.__module__, message.wire_type))


def named(message: object) -> str:
    return f"{message.__module__}.{message.__name__}" if isinstance(message, type) else ""


@pytest.mark.parametrize("copy", copies("sent"), ids=named)
def test_a_service_takes_the_commands_that_others_send_it(copy: type[Message]):
    original = ORIGINALS[copy.wire_type]

    assert original.kind is copy.kind is Kind.COMMANDS
    assert copy.key_field == original.key_field
    assert (
        misfits(
            writer=copy.model_json_schema(mode="serialization"),
            reader=original.model_json_schema(mode="validation"),
        )
        == []
    )


@pytest.mark.parametrize("copy", copies("received"), ids=named)
def test_a_service_reads_what_others_say(copy: type[Message]):
    original = ORIGINALS[copy.wire_type]

    assert copy.kind is original.kind
    assert (
        misfits(
            writer=original.model_json_schema(mode="serialization"),
            reader=copy.model_json_schema(mode="validation"),
        )
        == []
    )


@pytest.mark.parametrize("catalogue", CATALOGUES, ids=lambda one: one.topology.service)
def test_every_message_that_a_service_knows_has_a_channel(catalogue: Catalogue):
    spoken = {one.message for one in (*catalogue.sent, *catalogue.received)}

    assert set(catalogue.owned) <= spoken


@pytest.mark.parametrize("catalogue", CATALOGUES, ids=lambda one: one.topology.service)
def test_every_message_that_a_consumer_names_has_a_contract(catalogue: Catalogue):
    read = {(one.channel.name, one.message.wire_name) for one in catalogue.received}
    named = {(c.channel.name, name) for c in catalogue.topology.consumers for name in c.names}

    assert named <= read


def test_what_a_service_sends_to_or_reads_is_owned_with_the_same_partitions():
    owned = {stream.channel for one in CATALOGUES for stream in one.topology.streams}
    used = {channel for one in CATALOGUES for channel in one.topology.sends_to}
    used |= {consumer.channel for one in CATALOGUES for consumer in one.topology.consumers}
    used |= {channel for one in CATALOGUES for channel in one.topology.reads}

    assert used <= owned


def test_every_inbox_remembers_longer_than_the_streams_that_it_reads_keep():
    kept = {stream.channel: stream.max_age for one in CATALOGUES for stream in one.topology.streams}
    read = {
        consumer.channel
        for one in CATALOGUES
        for consumer in one.topology.consumers
        if consumer.channel.kind is Kind.EVENTS
    }

    assert all(kept[channel] < Retention().inbox for channel in read)
