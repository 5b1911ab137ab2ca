"""Messages as a running platform has sent them, kept with the day and the revision.

One of each type, and of each step of a saga and its direction. They hold no more than what devkit
made up for the run.
"""

import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

import nats
from nats.aio.msg import Msg

from chassis.messaging import headers as h
from chassis.messaging.contracts import Kind
from chassis.messaging.inbox import inbox_prefix
from devkit.contracts.pacts import Pact, Part
from devkit.contracts.wire import WireMessage
from devkit.embedded.nats_accounts import OBSERVER

FILE: Final = Path("tests/contract/captured.json")
_TELLING: Final = (h.TYPE, h.SAGA_TYPE, h.SAGA_STEP, h.SAGA_DIRECTION)


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """The messages of one run."""

    at: str
    revision: str
    messages: tuple[WireMessage, ...]

    def of_type(self, wire_type: str | None) -> list[WireMessage]:
        return [one for one in self.messages if one.wire_type == wire_type]

    def write(self, path: Path) -> None:
        told = {
            "at": self.at,
            "revision": self.revision,
            "messages": [asdict(one) | {"body": one.body.decode()} for one in self.messages],
        }
        path.write_text(json.dumps(told, indent=2, sort_keys=True) + "\n")

    @classmethod
    def read(cls, path: Path) -> "Captured":
        told = json.loads(path.read_text())
        messages = (one | {"body": one["body"].encode()} for one in told.pop("messages"))
        return cls(**told, messages=tuple(WireMessage(**one) for one in messages))


@dataclass(slots=True)
class Catch:
    """What was heard first of each kind of message."""

    heard: dict[tuple[str | None, ...], WireMessage] = field(default_factory=dict)

    async def hear(self, message: Msg) -> None:
        headers = dict(message.headers or {})
        kind = tuple(headers.get(name) for name in _TELLING)
        self.heard.setdefault(kind, WireMessage(message.subject, headers, message.data))

    @property
    def messages(self) -> tuple[WireMessage, ...]:
        """In an order that does not depend on the run."""
        return tuple(self.heard[kind] for kind in sorted(self.heard, key=str))


@asynccontextmanager
async def catching(nats_url: str) -> AsyncIterator[Catch]:
    """Hear every message of a platform as it is published, as the observer."""
    client = await nats.connect(nats_url, inbox_prefix=inbox_prefix(OBSERVER.name))
    try:
        catch = Catch()
        for kind in Kind:
            await client.subscribe(f"*.{kind}.>", cb=catch.hear)
        yield catch
    finally:
        await client.drain()


def parts_of(pacts: Iterable[Pact]) -> dict[str, Part]:
    """Every message that a contract is about, under a name of its own."""
    found: dict[str, Part] = {}
    for pact in pacts:
        for interaction in pact.interactions:
            name = f"{pact.consumer} of {pact.provider}: {interaction.description}"
            if interaction.request is not None:
                found[f"{name} (command)"] = interaction.request
            for part in interaction.answers:
                found[name] = part
    return found
