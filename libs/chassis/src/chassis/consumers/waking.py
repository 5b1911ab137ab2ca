"""What messages that wait and semantic locks have to know of each other."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from weakref import WeakSet

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.bell import Bell

_PLACE = "chassis.place_in_queue"
_LAST: Final = 2**63 - 1

_bells: WeakSet[Bell] = WeakSet()


def rings_on_release(bell: Bell) -> Bell:
    """Have the bell rung whenever this process has released a lock."""
    _bells.add(bell)
    return bell


def wake_waiting() -> None:
    for bell in _bells:
        bell.ring()


@contextmanager
def at_place(session: AsyncSession, place: int) -> Iterator[None]:
    """What is done in this block is done for a message that has waited, at this place."""
    session.info[_PLACE] = place
    try:
        yield
    finally:
        del session.info[_PLACE]


def place_in_queue(session: AsyncSession) -> int:
    """The place of the message that is being handled; behind all for one that has not waited."""
    place: int = session.info.get(_PLACE, _LAST)
    return place
