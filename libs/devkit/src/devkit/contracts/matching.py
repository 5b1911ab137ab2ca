"""Whether a message is as one part of a contract says, asked of Pact's own matching."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from devkit.contracts.pacts import EVENT, Part, make_pact, write_pact
from devkit.contracts.relay import add_file, verify
from devkit.contracts.results import results_of
from devkit.contracts.wire import WireMessage


async def mismatches(part: Part, message: WireMessage) -> list[str]:
    """What a message lacks of a part; empty if nothing."""
    return (await all_mismatches({"the message": (part, message)}))["the message"]


async def all_mismatches(pairs: Mapping[str, tuple[Part, WireMessage]]) -> dict[str, list[str]]:
    """The same of many at once, by their names."""
    events = [_as_event(name, part) for name, (part, _) in pairs.items()]

    async def produce(asked: Mapping[str, Any]) -> WireMessage:
        return pairs[asked["description"]][1]

    async def change_state(_state: str, _action: str, _parameters: Mapping[str, Any]) -> None:
        pass

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pact.json"
        write_pact(make_pact("reader", "writer", events), path)
        found = await verify("writer", produce, change_state, add_file(path))
    lacks: dict[str, list[str]] = {name: [] for name in pairs}
    for result in results_of(found, digest=""):
        lacks[result.description] += result.faults
    return lacks


def _as_event(name: str, part: Part) -> dict[str, Any]:
    kept = {name: part.raw[name] for name in ("contents", "metadata") if name in part.raw}
    rules = {"matchingRules": part.raw.get("matchingRules") or {}}
    return {"type": EVENT, "description": name, "pending": False, **kept, **rules}
