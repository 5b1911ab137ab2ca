"""Cursors: opaque, exact, and refused when they are not ours."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from order_history_service.domain.errors import InvalidCursorError
from order_history_service.domain.position import Position

MOMENTS = st.datetimes(min_value=datetime(1, 1, 2), timezones=st.just(UTC))  # noqa: DTZ001


@given(MOMENTS, st.uuids())
def test_a_cursor_leads_back_to_its_position(moment: datetime, order_id: UUID):
    position = Position(moment, order_id)

    assert Position.of(position.cursor) == position


@given(st.text(max_size=60) | st.binary(max_size=40).map(bytes.hex))
def test_what_is_no_cursor_is_refused_and_never_fails_otherwise(text: str):
    with pytest.raises(InvalidCursorError):
        Position.of(text)


@pytest.mark.parametrize(
    "spoil", [lambda c: c[:-1], lambda c: c + "A", lambda c: f"{c[:4]}~{c[4:]}"]
)
def test_a_cursor_that_was_cut_or_patched_is_refused(spoil):
    with pytest.raises(InvalidCursorError, match="next_cursor"):
        Position.of(spoil(Position(datetime.now(UTC), uuid4()).cursor))


def test_a_cursor_of_a_moment_that_no_calendar_has_is_refused():
    beyond = "AX" + "_" * 8 + Position(datetime.now(UTC), uuid4()).cursor[10:]
    with pytest.raises(InvalidCursorError):
        Position.of(beyond)


def test_a_cursor_says_nothing_to_people():
    cursor = Position(datetime.now(UTC), UUID(int=4711)).cursor
    assert cursor.isascii()
    assert len(cursor) == 34
    assert "4711" not in cursor
