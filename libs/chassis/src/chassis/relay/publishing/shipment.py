"""Claimed rows sorted for publishing."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from chassis.relay.publishing.checks import flaw
from chassis.relay.publishing.outcome import Refused
from chassis.relay.rows import ClaimedRow

Legs = list[dict[str, list[ClaimedRow]]]
"""Rows by channel. A key's rows move to the next leg where they change the channel."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sorted:
    """Legs are published one after the other, the channels of a leg side by side.

    So no row overtakes an earlier one of its key on another channel. `flawed` has for each key the
    row that must not be sent; later rows of the key are nowhere.
    """

    legs: Legs = field(default_factory=list)
    flawed: dict[str, Refused] = field(default_factory=dict)


def sort(rows: Sequence[ClaimedRow], *, max_payload: int) -> Sorted:
    """Put the rows, which are in the order of their ids, into legs."""
    result = Sorted()
    place: dict[str, tuple[int, str]] = {}
    for row in rows:
        if row.key in result.flawed:
            continue
        if error := flaw(row, max_payload=max_payload):
            result.flawed[row.key] = Refused(row=row, error=error, final=True)
            continue
        channel = row.channel
        leg, previous = place.get(row.key, (0, channel))
        if channel != previous:
            leg += 1
        place[row.key] = leg, channel
        if leg == len(result.legs):
            result.legs.append({})
        result.legs[leg].setdefault(channel, []).append(row)
    return result
