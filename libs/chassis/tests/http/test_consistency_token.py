"""What a consistency token says, and what is none."""

from uuid import UUID

import pytest

from chassis.http.consistency import ConsistencyToken, MalformedTokenError, token_headers
from chassis.ids import new_id


def token(*event_ids: UUID) -> str:
    return token_headers(*event_ids)["X-Consistency-Token"]


@pytest.mark.parametrize("count", [1, 2, 3, 64])
def test_a_token_names_the_events_that_it_was_made_of(count: int):
    event_ids = [new_id() for _ in range(count)]

    assert ConsistencyToken.read(token(*event_ids)).event_ids == set(event_ids)


def test_a_reader_may_send_the_tokens_of_several_writes():
    first, second = new_id(), new_id()

    assert ConsistencyToken.read(f"{token(first)}, {token(second)}").event_ids == {first, second}


@pytest.mark.parametrize(
    "header",
    [
        *("", " ", "abc", "AQ", "A" * 22, "é", "AQGa8x=", ",", "====", "\x00"),
        *(token(new_id()) + "A", token(new_id())[:-3], token(new_id()) + ",", f"{new_id()}"),
        "Ag" + token(new_id())[2:],  # a version of the future
    ],
)
def test_what_is_no_token_is_refused_with_what_to_do(header: str):
    with pytest.raises(MalformedTokenError, match="or leave it out"):
        ConsistencyToken.read(header)


def test_there_is_an_end_to_what_a_request_may_wait_for():
    with pytest.raises(MalformedTokenError, match="more than 64 events"):
        ConsistencyToken.read(token(*(new_id() for _ in range(65))))
