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
    pact = make_pact("reader", "writer", [_as_event(part)])

    async def produce(_asked: Mapping[str, Any]) -> WireMessage:
        return message

    async def change_state(_state: str, _action: str, _parameters: Mapping[str, Any]) -> None:
        pass

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pact.json"
        write_pact(pact, path)
        found = await verify("writer", produce, change_state, add_file(path))
    return [fault for result in results_of(found, digest="") for fault in result.faults]


def _as_event(part: Part) -> dict[str, Any]:
    kept = {name: part.raw[name] for name in ("contents", "metadata") if name in part.raw}
    rules = {"matchingRules": part.raw.get("matchingRules") or {}}
    return {"type": EVENT, "description": "the message", "pending": False, **kept, **rules}
