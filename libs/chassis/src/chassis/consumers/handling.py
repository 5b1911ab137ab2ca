"""What everything done for one message has in common: its ids in the log, its span as parent."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from chassis.logs import about_message
from chassis.messaging.envelope import ReceivedMessage

if TYPE_CHECKING:
    from chassis.telemetry.messages import MessageSpan


@contextmanager
def handling(message: ReceivedMessage | None, span: "MessageSpan | None") -> Iterator[None]:
    """Log lines and spans of this block are about the message."""
    with about_message(message):
        if span is None:
            yield
        else:
            with span.current():
                yield
