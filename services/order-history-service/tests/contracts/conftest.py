"""The view's own reading of a message, up to the rows that it comes to; no database is needed."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from chassis.views.changes import Put
from chassis.views.direct_get import StoredMessage
from chassis.views.events import project
from devkit.contracts.wire import WireMessage
from order_history_service.view import ORDER_HISTORY

Row = dict[str, Any]
Show = Callable[[WireMessage], Awaitable[dict[str, list[Row]]]]


@pytest.fixture
def show() -> Show:
    """What the history writes into each table when it reads a message from its stream."""

    async def show(message: WireMessage) -> dict[str, list[Row]]:
        stored = StoredMessage(1, message.subject, dict(message.headers), message.body)
        (event,) = await project(ORDER_HISTORY, "a-stream", [stored])
        assert event.reason is None, f"{message.wire_type} became a dead letter: {event.error}"
        rows: dict[str, list[Row]] = {}
        for change in event.changes:
            assert isinstance(change, Put)
            rows.setdefault(change.table.name, []).append(change.values)
        return rows

    return show
