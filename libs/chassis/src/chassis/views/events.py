"""Events as they are read for a view, and what its projections make of them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from pydantic import ValidationError

from chassis.consumers.dead_letters import DeadLetter, DeadReason
from chassis.consumers.processor import without_values
from chassis.messaging import headers as h
from chassis.views.changes import Change
from chassis.views.direct_get import StoredMessage
from chassis.views.view import Projection, View

_WITHOUT_PAUSE: Final = 100
_UNREADABLE: Final = UUID("0e6b6d8e-5f6b-5b1a-9a56-3f3f0f7c2b11")


@dataclass(slots=True)
class ViewEvent:
    """One event: its id in the inbox, and its changes or why there are none.

    What has no readable id gets one from its place in the stream.
    """

    stored: StoredMessage
    event_id: UUID
    changes: Sequence[Change] = ()
    reason: DeadReason | None = None
    error: str = ""

    def bury(self, reason: DeadReason, error: object) -> None:
        self.changes, self.reason, self.error = (), reason, str(error)[:1000]

    @property
    def time(self) -> datetime | None:
        """When it was published, if that can be read."""
        try:
            return datetime.fromisoformat(self.stored.headers[h.TIME])
        except (KeyError, ValueError):
            return None

    def dead_letter(self, consumer: str) -> DeadLetter:
        """What is kept of an event that could not be applied."""
        assert self.reason is not None
        return DeadLetter(
            consumer=consumer,
            subject=self.stored.subject,
            key=_key(self.stored),
            message_id=self.event_id,
            wire_type=self.stored.headers.get(h.TYPE),
            headers=self.stored.headers,
            body=self.stored.body,
            reason=self.reason,
            error=self.error,
            attempts=1,
        )


async def project(view: View, stream: str, messages: Sequence[StoredMessage]) -> list[ViewEvent]:
    """What each message changes in a view, each id once and in order. No I/O, and nothing raises.

    Types without a projection change nothing. Others have their turn every few milliseconds.
    """
    events: dict[UUID, ViewEvent] = {}
    for number, stored in enumerate(messages, start=1):
        event = _project(view, stream, stored)
        events.setdefault(event.event_id, event)
        if number % _WITHOUT_PAUSE == 0:
            await asyncio.sleep(0)
    return list(events.values())


def _project(view: View, stream: str, stored: StoredMessage) -> ViewEvent:
    headers = stored.headers
    if h.ID not in headers:  # another client may write names in capitals
        headers = {name.lower(): value for name, value in headers.items()}
    try:
        event = ViewEvent(stored, UUID(headers[h.ID]))
        projection = view.by_type.get(headers[h.TYPE])
    except KeyError as error:
        return _malformed(stream, stored, f"the header {error} is missing")
    except ValueError as error:
        return _malformed(stream, stored, f"a header is not readable: {error}")
    if projection is not None:
        _apply(projection, event)
    return event


def _apply(projection: Projection, event: ViewEvent) -> None:
    try:
        read = projection.event.from_body(event.stored.body)
    except ValidationError as error:
        event.bury(DeadReason.UNREADABLE, without_values(error))
        return
    try:
        event.changes = tuple(projection.project(read))
    except Exception as error:  # noqa: BLE001 - a projection may raise anything; it fails alone
        event.bury(DeadReason.NOT_PROJECTED, f"{type(error).__name__}: {error}")


def _key(stored: StoredMessage) -> str | None:
    encoded = stored.headers.get(h.SUBJECT)
    return None if encoded is None else h.decode_value(h.SUBJECT, encoded)


def _malformed(stream: str, stored: StoredMessage, error: str) -> ViewEvent:
    event = ViewEvent(stored, uuid5(_UNREADABLE, f"{stream}/{stored.sequence}"))
    event.bury(DeadReason.MALFORMED, error)
    return event
