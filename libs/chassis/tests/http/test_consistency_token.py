"""What a consistency token says, and what is none."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.http.consistency import decode_tokens, token_headers
from chassis.http.consistency.token import TOKENS_PATTERN, MalformedTokenError
from chassis.ids import new_id

ONE = UUID(int=1)


def token(*event_ids: UUID) -> str:
    return token_headers(*event_ids)["X-Consistency-Token"]


@given(event_ids=st.sets(st.uuids(), min_size=1, max_size=80))
def test_a_token_names_the_events_that_it_was_made_of(event_ids: set[UUID]):
    assert decode_tokens(token(*event_ids)) == event_ids


def test_a_reader_may_send_the_tokens_of_several_writes():
    first, second = new_id(), new_id()

    assert decode_tokens(f"{token(first)}, {token(second)}") == {first, second}


@given(header=st.from_regex(TOKENS_PATTERN, fullmatch=True))
def test_what_has_the_documented_form_is_read(header: str):
    assert decode_tokens(header)


@pytest.mark.parametrize(
    "header",
    [
        *("", " ", "1", "1.", "1.abc", "é", ",", "\x00", str(ONE), token(ONE) + "\n"),
        *(
            token(ONE) + "A",
            token(ONE)[:-1],
            token(ONE) + ",",
            "1." + "A" * 21 + "B",
        ),
        "2" + token(ONE)[1:],  # a form of the future
        token(*[ONE] * 100),
    ],
)
def test_what_is_no_token_is_refused_with_what_to_do(header: str):
    with pytest.raises(MalformedTokenError, match="or leave it out"):
        decode_tokens(header)
