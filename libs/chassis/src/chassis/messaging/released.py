"""Released messages: their schemas, kept in a folder of the service that owns them."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chassis.messaging.compatibility import misfits
from chassis.messaging.contracts import Kind, Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """A message that was released and no longer fits."""

    wire_type: str
    reasons: tuple[str, ...]

    def __str__(self) -> str:
        reasons = "; ".join(self.reasons)
        return f"{self.wire_type} has changed: {reasons}. Declare a new version beside it"


def contract(message: type[Message]) -> dict[str, Any]:
    """What others rely on: the key, and the schema of what is read (commands) or written."""
    if message.kind is Kind.COMMANDS:
        schema = message.model_json_schema(mode="validation")
    else:
        schema = message.model_json_schema(mode="serialization")
    return {
        "type": message.wire_type,
        "kind": str(message.kind),
        "key": message.key_field,
        "schema": schema,
    }


def released(folder: Path) -> dict[str, dict[str, Any]]:
    """The released contracts, by their wire type."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}


def breaks(messages: Iterable[type[Message]], folder: Path) -> list[Break]:
    """What was released and is gone, or is no longer read or written as it was."""
    current = {message.wire_type: contract(message) for message in messages}
    found = (
        Break(wire_type=wire_type, reasons=tuple(_reasons(old, current.get(wire_type))))
        for wire_type, old in released(folder).items()
    )
    return [broken for broken in found if broken.reasons]


def release(messages: Iterable[type[Message]], folder: Path) -> None:
    """Write what the messages are now; look for breaks before."""
    folder.mkdir(parents=True, exist_ok=True)
    for message in messages:
        path = folder / f"{message.wire_type}.json"
        path.write_text(json.dumps(contract(message), indent=2) + "\n")


def _reasons(old: dict[str, Any], new: dict[str, Any] | None) -> list[str]:
    if new is None:
        return ["nobody declares it any more"]
    if (old["kind"], old["key"]) != (new["kind"], new["key"]):
        return [f"{old['kind']} with key {old['key']} became {new['kind']} with key {new['key']}"]
    if old["kind"] == Kind.COMMANDS:
        return misfits(writer=old["schema"], reader=new["schema"])
    return misfits(writer=new["schema"], reader=old["schema"])
