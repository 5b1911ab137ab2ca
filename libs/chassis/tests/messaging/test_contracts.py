"""Messages and their headers, without any I/O."""

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.messaging import headers as h
from chassis.messaging.contracts import Command, ContractError
from chassis.messaging.envelope import (
    Direction,
    MalformedMessageError,
    OutgoingMessage,
    ReceivedMessage,
    SagaReference,
)


class Paint(Command, type="house.Paint.v2", key="house"):
    house: str
    colour: str


def test_a_wire_type_is_declared_and_never_a_class_path() -> None:
    assert Paint.wire_type == "house.Paint.v2"
    assert Paint(house="h1", colour="red").key == "h1"


def test_a_wire_type_without_a_version_is_refused_with_the_form_it_should_have() -> None:
    with pytest.raises(ContractError, match=r"write '<context>\.<Name>\.v<version>'"):

        class Sand(Command, type="house.Sand"):
            pass


def test_a_key_that_is_no_field_is_refused() -> None:
    with pytest.raises(ContractError, match="key 'roof' is none of its fields"):

        class Sweep(Command, type="house.Sweep.v1", key="roof"):
            house: str


def test_fields_that_a_newer_sender_adds_are_ignored() -> None:
    assert Paint.from_body(b'{"house": "h1", "colour": "red", "coats": 2}').colour == "red"


# an outbox has no place for NUL
STORABLE = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1)


@given(key=STORABLE, correlation=STORABLE)
def test_whatever_text_a_header_holds_it_comes_back_and_ends_no_line(
    key: str, correlation: str
) -> None:
    saga = SagaReference(
        saga_type="Renovate", saga_id=uuid4(), step="paint", direction=Direction.COMPENSATION
    )
    outgoing = OutgoingMessage(
        message=Paint(house="h1", colour="red"), key=key, correlation_id=correlation, saga=saga
    )

    block = h.encode_header_block(outgoing.headers("painter-service"))
    received = ReceivedMessage.read(_lines(block), b"{}")

    assert (received.key, received.correlation_id) == (key, correlation)
    assert (received.message_id, received.source) == (outgoing.message_id, "painter-service")
    assert received.saga == saga


@pytest.mark.parametrize("missing", [h.ID, h.TYPE, h.SOURCE, h.SUBJECT, h.TIME])
def test_a_message_without_one_of_its_routing_headers_is_malformed(missing: str) -> None:
    outgoing = OutgoingMessage(message=Paint(house="h1", colour="red"), key="h1")
    headers = dict(outgoing.headers("painter-service"))
    del headers[missing]

    with pytest.raises(MalformedMessageError, match=f"the header '{missing}' is missing"):
        ReceivedMessage.read(headers, b"{}")


def test_a_message_with_an_unreadable_id_is_malformed() -> None:
    outgoing = OutgoingMessage(message=Paint(house="h1", colour="red"), key="h1")
    headers = dict(outgoing.headers("painter-service")) | {h.ID: "seventeen"}

    with pytest.raises(MalformedMessageError, match="not readable"):
        ReceivedMessage.read(headers, b"{}")


def _lines(block: bytes) -> dict[str, str]:
    lines = block.decode("ascii").split("\r\n")
    assert lines[0] == "NATS/1.0"
    assert lines[-1] == ""
    return dict(line.split(": ", 1) for line in lines[1:-1])
