from uuid import UUID

import pytest

from chassis.messaging.contracts import Kind
from devkit.order_check import HeardMessage, out_of_order


def message(made: int, *, key: str = "1", kind: Kind = Kind.EVENTS, saga: str = "a", by: str = "x"):
    return HeardMessage(message_id=UUID(int=made), source=by, key=key, conversation=saga, kind=kind)


def test_messages_of_one_key_in_the_order_of_their_making_are_in_order() -> None:
    assert out_of_order([message(1), message(2), message(5)]) == []


def test_a_message_after_one_that_was_made_later_is_late() -> None:
    assert out_of_order([message(2), message(1), message(3)]) == [message(1)]


def test_between_keys_and_between_sources_there_is_no_order() -> None:
    assert out_of_order([message(2, key="1"), message(1, key="2")]) == []
    assert out_of_order([message(2, by="x"), message(1, by="y")]) == []


def test_between_the_commands_of_different_sagas_there_is_no_order() -> None:
    later, earlier = message(2, kind=Kind.COMMANDS), message(1, kind=Kind.COMMANDS, saga="b")
    assert out_of_order([later, earlier]) == []


def test_the_commands_of_one_saga_have_an_order() -> None:
    later, earlier = message(2, kind=Kind.COMMANDS), message(1, kind=Kind.COMMANDS)
    assert out_of_order([later, earlier]) == [earlier]


@pytest.mark.parametrize("kind", [Kind.EVENTS, Kind.REPLIES])
def test_events_and_replies_of_one_key_have_an_order_across_sagas(kind: Kind) -> None:
    later, earlier = message(2, kind=kind), message(1, kind=kind, saga="b")
    assert out_of_order([later, earlier]) == [earlier]


def test_between_events_and_replies_there_is_no_order() -> None:
    assert out_of_order([message(2), message(1, kind=Kind.REPLIES)]) == []


def test_a_message_that_is_heard_again_counts_where_it_was_heard_first() -> None:
    assert out_of_order([message(1), message(2), message(1), message(3)]) == []


def test_subject_and_headers_tell_what_is_needed() -> None:
    message_id = UUID(int=7)
    headers = {
        "ce-id": str(message_id),
        "ce-source": "order-service",
        "ce-subject": "ALFKI",
        "ce-correlationid": "saga-1",
    }
    assert HeardMessage.of("customer.commands.ReserveCredit.3", headers) == HeardMessage(
        message_id=message_id,
        source="order-service",
        key="ALFKI",
        conversation="saga-1",
        kind=Kind.COMMANDS,
    )
