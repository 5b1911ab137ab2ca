"""The history shows events as a running platform has published them."""

import pytest

from chassis.messaging.contracts import Kind
from chassis.messaging.topology import kind_of
from devkit.contracts.captured import FILE, Captured
from order_history_service.view import ORDER_HISTORY


async def test_every_event_that_was_really_published_is_shown(show, request: pytest.FixtureRequest):
    captured = Captured.read(request.config.rootpath / FILE)
    events = [one for one in captured.messages if kind_of(one.subject) is Kind.EVENTS]

    shown = [event.wire_type for event in events if await show(event)]

    assert shown == [one.wire_type for one in events if one.wire_type in ORDER_HISTORY.by_type]
    assert len(shown) > 10
