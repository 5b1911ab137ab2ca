"""The words in which a consumer says what it needs: an example, and what other values may be.

    body={"order_id": a_uuid(ORDER), "lines": some([{"product_id": text("11")}])}

A plain value is needed as it stands. What is not mentioned may be anything, or be missing.
"""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from pact import match

from chassis.messaging import headers as h
from chassis.messaging.contracts import Kind, Message, context_and_name
from chassis.messaging.envelope import Outcome
from chassis.messaging.topology import Channel
from devkit.contracts.wire import SUBJECT

Need = Any
"""A plain JSON value, or one of the matchers made here."""

_UUID: Final = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_MOMENT: Final = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|\+00:00)"
_AMOUNT: Final = r"\d{1,12}\.\d\d"
_TRACE: Final = "00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}"
_EXAMPLE_ID: Final = "0199f3a1-0000-7000-8000-000000000001"
SAGA_ID: Final = "0199f3a1-0000-7000-8000-000000000002"
"""The saga of every example."""
_EXAMPLE_COMMAND: Final = "0199f3a1-0000-7000-8000-000000000003"
_EXAMPLE_TIME: Final = "2026-11-25T08:00:00.000001+00:00"
_EXAMPLE_TRACE: Final = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def text(example: str) -> Need:
    """Any string that is not empty."""
    return match.regex(example, regex="^.+$")


def one_of(example: str, *others: str) -> Need:
    return match.regex(example, regex=f"^({'|'.join((example, *others))})$")


def a_uuid(example: UUID | str) -> Need:
    return match.regex(str(example), regex=f"^{_UUID}$")


def a_moment(example: str = _EXAMPLE_TIME) -> Need:
    """A point in time, in UTC."""
    return match.regex(example, regex=f"^{_MOMENT}$")


def an_amount(example: str) -> Need:
    """Money: a string with two places."""
    return match.regex(example, regex=f"^{_AMOUNT}$")


def a_count(example: int) -> Need:
    return match.integer(example)


def some(example: Need) -> Need:
    """One or more, each as the example is."""
    return match.each_like(example, min=1)


def message_headers(message: type[Message], *, source: str, key: str) -> dict[str, Need]:
    """The headers of any message, and its subject."""
    channel = Channel(message.context, message.kind)
    return {
        SUBJECT: subject(channel, message.wire_type, key),
        h.NATS_MESSAGE_ID: a_uuid(_EXAMPLE_ID),
        h.SPEC_VERSION: "1.0",
        h.ID: a_uuid(_EXAMPLE_ID),
        h.TYPE: message.wire_type,
        h.SOURCE: source,
        h.TIME: a_moment(),
        h.SUBJECT: text(key),
        h.CORRELATION_ID: text(SAGA_ID),
        h.TRACE_PARENT: match.regex(_EXAMPLE_TRACE, regex=f"^{_TRACE}$"),
    }


def command_headers(
    command: type[Message], *, source: str, key: str, saga: Mapping[str, str], reply_to: str
) -> dict[str, Need]:
    """Those of a command that a saga sends, as far as its participant needs them."""
    return {
        **message_headers(command, source=source, key=key),
        h.SAGA_ID: a_uuid(SAGA_ID),
        **saga,
        h.REPLY_TO: reply_to,
    }


def reply_headers(
    wire_type: str, *, source: str, saga: Mapping[str, str], reply_to: str, outcome: Outcome
) -> dict[str, Need]:
    """Those of the answer to such a command."""
    context, _, _ = reply_to.partition(".")
    return {
        SUBJECT: subject(Channel(context, Kind.REPLIES), wire_type, SAGA_ID),
        h.NATS_MESSAGE_ID: a_uuid(_EXAMPLE_ID),
        h.SPEC_VERSION: "1.0",
        h.ID: a_uuid(_EXAMPLE_ID),
        h.TYPE: wire_type,
        h.SOURCE: source,
        h.TIME: a_moment(),
        h.SUBJECT: a_uuid(SAGA_ID),
        h.CORRELATION_ID: a_uuid(SAGA_ID),
        h.CAUSATION_ID: a_uuid(_EXAMPLE_COMMAND),
        h.SAGA_ID: a_uuid(SAGA_ID),
        **saga,
        h.OUTCOME: outcome.value,
        h.TRACE_PARENT: match.regex(_EXAMPLE_TRACE, regex=f"^{_TRACE}$"),
    }


def subject(channel: Channel, wire_type: str, key: str) -> Need:
    """Where a message is published: any partition of its channel."""
    example = channel.subject(wire_type, key)
    name = "" if channel.kind is Kind.REPLIES else rf"\.{context_and_name(wire_type)[1]}"
    prefix = channel.name.replace(".", r"\.")
    return match.regex(example, regex=rf"^{prefix}{name}\.\d+$")
