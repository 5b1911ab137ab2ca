"""What every service says of its messages is whole: owners, handlers, answers, versions."""

import re

import pytest

from chassis.consumers.declared import handlers_of
from chassis.messaging.catalogue import Catalogue, catalogue_of
from chassis.messaging.contracts import Kind
from devkit.deployables import with_messaging

CATALOGUES = {one.package: catalogue_of(one.package) for one in with_messaging()}
STREAMS = {stream.channel for one in CATALOGUES.values() for stream in one.topology.streams}

every_catalogue = pytest.mark.parametrize(
    ("package", "catalogue"), CATALOGUES.items(), ids=list(CATALOGUES)
)


@every_catalogue
def test_every_message_has_a_version_and_the_context_that_owns_it(
    package: str, catalogue: Catalogue
) -> None:
    for message in (*catalogue.owned, *(one.message for one in catalogue.received)):
        assert re.fullmatch(r"[a-z_]+\.[A-Za-z]+\.v[1-9]\d*", message.wire_type), package


@every_catalogue
def test_every_channel_that_it_uses_is_somebodys_stream(package: str, catalogue: Catalogue) -> None:
    topology = catalogue.topology
    consumed = (one.channel for one in topology.consumers)
    used = {*topology.sends_to, *topology.reads, *consumed}

    assert used <= STREAMS, f"{package}: declare the stream, or the same number of partitions"


@every_catalogue
def test_every_command_of_its_own_has_one_handler_that_says_its_answers(
    package: str, catalogue: Catalogue
) -> None:
    handled = [one.message for one in handlers_of(package) if one.message.kind is Kind.COMMANDS]
    own = {one for one in catalogue.owned if one.kind is Kind.COMMANDS}

    assert len(handled) == len(set(handled))
    assert set(handled) == own
    assert all(catalogue.answers[one.wire_type] for one in own)
