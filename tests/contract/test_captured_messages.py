"""What a running platform has sent is what the contracts say: the other way round as well.

`devkit contracts capture` has kept these messages; the services' own tests hand them to handlers.
"""

from pathlib import Path

from chassis.messaging.contracts import context_and_name
from chassis.snapshots import is_snapshot
from devkit.contracts.captured import FILE, Captured, parts_of
from devkit.contracts.folder import ContractFolder
from devkit.contracts.matching import all_mismatches
from devkit.contracts.pacts import Part
from devkit.contracts.wire import WireMessage

ROOT = Path(__file__).parents[2]
CAPTURED = Captured.read(ROOT / FILE)
PARTS = parts_of(ContractFolder(ROOT).pacts())


def same_step(part: Part, message: WireMessage) -> bool:
    steps = ("ce-sagatype", "ce-sagastep", "ce-sagadirection")
    return all(part.metadata.get(name) == message.headers.get(name) for name in steps)


async def test_captured_messages_are_as_every_contract_about_them_says():
    pairs = {
        name: (part, message)
        for name, part in PARTS.items()
        for message in CAPTURED.of_type(part.wire_type)
        if same_step(part, message)
    }

    lacks = await all_mismatches(pairs)

    assert {name: faults for name, faults in lacks.items() if faults} == {}
    assert len(pairs) > len(PARTS) / 2


def test_every_event_that_has_a_contract_was_captured_except_snapshots():
    events = {part.wire_type for part in PARTS.values() if ".events." in part.example().subject}

    missed = {one for one in events if one and not CAPTURED.of_type(one)}

    assert {context_and_name(one)[1] for one in missed if not is_snapshot(one)} == set()
