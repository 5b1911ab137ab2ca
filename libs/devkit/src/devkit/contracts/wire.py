"""A message as it is on the wire, and as pact files have it: headers are a message's metadata."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from chassis.ids import new_id
from chassis.messaging import headers as h
from chassis.persistence.database import Database, fetch_all
from chassis.testing.outbox import read_header_block

SUBJECT: Final = "nats-subject"
"""Stands among a message's metadata for the subject that it is published to."""
CONTENT_TYPE: Final = "contentType"
JSON: Final = "application/json"

_SHOW: Final = "SELECT subject, headers, body FROM outbox ORDER BY id"
_TAKE: Final = "DELETE FROM outbox RETURNING id, subject, headers, body"


@dataclass(frozen=True, slots=True)
class WireMessage:
    """What a client of NATS sees: subject, headers and JSON body."""

    subject: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def wire_type(self) -> str:
        return self.headers.get(h.TYPE, "")

    @property
    def message_id(self) -> str:
        return self.headers[h.ID]

    def about(self, **fields: object) -> "WireMessage":
        """The same message about something else: other values in its body, and as its key."""
        body = json.loads(self.body)
        others = {name: str(value) for name, value in fields.items()}
        keys = {str(body[name]): value for name, value in others.items()}
        key = self.headers[h.SUBJECT]
        headers = {**self.headers, h.SUBJECT: keys.get(key, key)}
        return replace(self, headers=headers, body=json.dumps(body | others).encode())

    def next(self) -> "WireMessage":
        """Another message that says the same: a consumer that has seen this one takes it."""
        message_id = str(new_id())
        again = {h.ID: message_id, h.NATS_MESSAGE_ID: message_id}
        return replace(self, headers={**self.headers, **again})

    def metadata(self) -> dict[str, str]:
        """As the metadata of a message in a pact."""
        return {**self.headers, SUBJECT: self.subject, CONTENT_TYPE: JSON}

    @classmethod
    def of_metadata(cls, metadata: Mapping[str, Any], body: bytes) -> "WireMessage":
        """The message that a pact's example stands for."""
        headers = {
            name: str(value)
            for name, value in metadata.items()
            if name not in (SUBJECT, CONTENT_TYPE)
        }
        return cls(str(metadata.get(SUBJECT, "")), headers, body)


async def outbox_of(database: Database) -> list[WireMessage]:
    """What a service has published where no relay runs, in its order."""
    async with database.sessions() as session:
        rows = await fetch_all(session, _SHOW)
    return [WireMessage(row.subject, read_header_block(row.headers), row.body) for row in rows]


async def take_outbox(database: Database) -> list[WireMessage]:
    """The same, taken away as a relay does."""
    async with database.sessions.begin() as session:
        rows = sorted(await fetch_all(session, _TAKE), key=lambda row: row.id)
    return [WireMessage(row.subject, read_header_block(row.headers), row.body) for row in rows]
