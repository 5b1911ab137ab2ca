"""Pact files, version 4, as far as messages go: read, written and told apart by their content."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from chassis.messaging import headers as h
from devkit.contracts.wire import WireMessage

EVENT: Final = "Asynchronous/Messages"
COMMAND: Final = "Synchronous/Messages"
_SPECIFICATION: Final = {"pactSpecification": {"version": "4.0"}}


class UnreadablePactError(Exception):
    """A file that should be a pact is none; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Part:
    """One message of an interaction: its example, and the rules that others have to keep."""

    raw: Mapping[str, Any]

    @property
    def metadata(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.raw.get("metadata") or {}
        return found

    @property
    def wire_type(self) -> str | None:
        found: str | None = self.metadata.get(h.TYPE)
        return found

    @property
    def content(self) -> Any:
        """The example's body as JSON; None where the pact has none."""
        return (self.raw.get("contents") or {}).get("content")

    def example(self) -> WireMessage:
        return WireMessage.of_metadata(self.metadata, json.dumps(self.content).encode())


@dataclass(frozen=True, slots=True)
class Interaction:
    """Something that a consumer needs: an event, or the answer to a command."""

    raw: Mapping[str, Any]

    @property
    def description(self) -> str:
        return str(self.raw.get("description", ""))

    @property
    def kind(self) -> str:
        return str(self.raw.get("type", ""))

    @property
    def states(self) -> tuple[str, ...]:
        return tuple(one["name"] for one in self.raw.get("providerStates") or ())

    @property
    def pending(self) -> bool:
        return bool(self.raw.get("pending"))

    @property
    def request(self) -> Part | None:
        """The command; None for an event."""
        return Part(self.raw.get("request") or {}) if self.kind == COMMAND else None

    @property
    def answers(self) -> tuple[Part, ...]:
        """What comes from the provider: the event, or the replies."""
        if self.kind == COMMAND:
            return tuple(Part(one) for one in self.raw.get("response") or ())
        return (Part(self.raw),)

    @property
    def wire_types(self) -> tuple[str, ...]:
        """Of the command, if there is one, and of what comes from the provider."""
        parts = (self.request, *self.answers) if self.request else self.answers
        return tuple(part.wire_type for part in parts if part.wire_type)


@dataclass(frozen=True, slots=True)
class Pact:
    """All that one consumer needs of one provider's messages."""

    consumer: str
    provider: str
    interactions: tuple[Interaction, ...]

    @property
    def digest(self) -> str:
        """Tells contents apart: the same for the same needs, whoever wrote the file."""
        content = [one.raw for one in self.interactions]
        return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]

    def as_json(self) -> dict[str, Any]:
        return {
            "consumer": {"name": self.consumer},
            "provider": {"name": self.provider},
            "interactions": [dict(one.raw) for one in self.interactions],
            "metadata": _SPECIFICATION,
        }


def make_pact(consumer: str, provider: str, interactions: Iterable[Mapping[str, Any]]) -> Pact:
    """In one order, whichever they were found in."""
    ordered = sorted(interactions, key=lambda one: (one["type"], one["description"]))
    return Pact(consumer, provider, tuple(Interaction(one) for one in ordered))


def read_pact(path: Path) -> Pact:
    """Read a pact file; raises UnreadablePactError. Interactions over HTTP are left out."""
    try:
        raw = json.loads(path.read_text())
        consumer, provider = raw["consumer"]["name"], raw["provider"]["name"]
        interactions = [one for one in raw["interactions"] if one["type"] in (EVENT, COMMAND)]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnreadablePactError(
            f"{path} is no pact of version 4 ({type(error).__name__}: {error}); "
            "write it again with `make pacts`, or by the consumer's own Pact library"
        ) from error
    return make_pact(consumer, provider, interactions)


def write_pact(pact: Pact, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(pact.as_json(), indent=2, sort_keys=True) + "\n")
