"""Contracts as files, in a folder of the service: what it promises, and what it needs of others.

released/<wire type>.json   a message of its own: what others rely on
uses/<wire type>.json       a message of another's: what it sends, or reads of it
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chassis.messaging.asyncapi import headers_of
from chassis.messaging.catalogue import Catalogue, Spoken
from chassis.messaging.changes import Contract, changes
from chassis.messaging.contracts import Kind, Message
from chassis.messaging.gate import ServiceContracts

RELEASED = "released"
USES = "uses"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A message that was released and no longer fits."""

    wire_type: str
    reasons: tuple[str, ...]

    def __str__(self) -> str:
        reasons = "; ".join(self.reasons)
        return f"{self.wire_type} has changed: {reasons}. Declare a new version beside it"


def contract(message: type[Message]) -> dict[str, Any]:
    """What others rely on: the key, the headers, and the schema of what is read or written."""
    return {
        "type": message.wire_type,
        "kind": str(message.kind),
        "key": message.key_field,
        "headers": headers_of(message.kind),
        "schema": _schema(message, read=message.kind is Kind.COMMANDS),
    }


def contracts_of(catalogue: Catalogue) -> ServiceContracts:
    """Everything that a service promises and needs, as its code says it now."""
    spoken = {one.message: one for one in (*catalogue.sent, *catalogue.received)}
    owned = {message.wire_type: _owned(message, catalogue) for message in catalogue.owned}
    uses = {
        message.wire_type: _use(one, sends=one in catalogue.sent)
        for message, one in spoken.items()
        if message.context != catalogue.topology.context
    }
    return ServiceContracts(owned=owned, uses=dict(sorted(uses.items())))


def _owned(message: type[Message], catalogue: Catalogue) -> dict[str, Any]:
    found = contract(message)
    place: dict[str, Any] = {}
    for stream in catalogue.topology.streams:
        if stream.channel.kind is message.kind and message.kind is not Kind.REPLIES:
            subject = f"{stream.channel.name}.{message.wire_name}.{{partition}}"
            place = {"subject": subject, "partitions": stream.channel.partitions}
    answers = catalogue.answers.get(message.wire_type)
    said = {"answers": [one.wire_type for one in answers]} if answers else {}
    schema = found.pop("schema")
    return {**found, **place, **said, "schema": schema}


def _use(spoken: Spoken, *, sends: bool) -> dict[str, Any]:
    message = spoken.message
    return {
        "type": message.wire_type,
        "kind": str(message.kind),
        "key": message.key_field,
        "does": "sends" if sends else "reads",
        "schema": _schema(message, read=not sends),
    }


def _schema(message: type[Message], *, read: bool) -> dict[str, Any]:
    return message.model_json_schema(mode="validation" if read else "serialization")


def read_contracts(folder: Path) -> ServiceContracts:
    """The contracts in a service's folder; of a service without messaging there are none."""
    return ServiceContracts(owned=_read(folder / RELEASED), uses=_read(folder / USES))


def write_contracts(contracts: ServiceContracts, folder: Path) -> None:
    """Make the folder say what the contracts are now; look for what is broken before."""
    for name, current in ((RELEASED, contracts.owned), (USES, contracts.uses)):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for path in (folder / name).glob("*.json"):
            if path.stem not in current:
                path.unlink()
        for wire_type, one in current.items():
            (folder / name / f"{wire_type}.json").write_text(json.dumps(one, indent=2) + "\n")


def broken(current: Mapping[str, Contract], released: Mapping[str, Contract]) -> list[Change]:
    """What was released and is gone, or is no longer read or written as it was.

    Whether an enumeration may grow is for the gate to say, which knows who reads it.
    """
    found = (
        Change(wire_type=wire_type, reasons=tuple(_reasons(old, current.get(wire_type))))
        for wire_type, old in released.items()
    )
    return [change for change in found if change.reasons]


def _reasons(old: Contract, new: Contract | None) -> list[str]:
    return ["nobody declares it any more"] if new is None else changes(old, new, growing=True)


def _read(folder: Path) -> dict[str, Contract]:
    return {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}
