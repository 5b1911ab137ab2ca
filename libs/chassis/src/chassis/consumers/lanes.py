"""Who waits behind whom.

A message that failed, or that nobody handles yet, holds up its key. One that waits for a semantic
lock holds up no more than its own conversation, in a lane of its own: what releases the lock may
have the same key. The compensation of the very step that waits passes it, for it withdraws it.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from chassis.messaging.envelope import Direction, ReceivedMessage


@dataclass(frozen=True, slots=True)
class Lane:
    """Messages that wait behind each other: a key's, or one conversation's of a key."""

    key: str
    conversation: str | None = None


class Lanes:
    """The lanes of some keys that anything waits in."""

    def __init__(self, waiting: Iterable[tuple[Lane, str | None]] = ()) -> None:
        self._steps: defaultdict[Lane, set[str | None]] = defaultdict(set)
        for lane, step in waiting:
            self.add(lane, step)

    def add(self, lane: Lane, step: str | None = None) -> None:
        """Something waits in the lane: the action of `step`, for a lock, where that is given."""
        self._steps[lane].add(step)

    def behind(self, received: ReceivedMessage) -> Lane | None:
        """The lane that the message has to wait in, or None when it may be handled."""
        for lane in (Lane(received.key), self._own(received)):
            if lane in self._steps and not self.withdraws(received):
                return lane
        return None

    def withdraws(self, received: ReceivedMessage) -> bool:
        """Whether the message undoes a step that waits for a lock, with nothing else before it."""
        saga = received.saga
        if saga is None or saga.direction is not Direction.COMPENSATION:
            return False
        own = self._own(received)
        return Lane(received.key) not in self._steps and saga.step in self._steps.get(own, ())

    @staticmethod
    def _own(received: ReceivedMessage) -> Lane:
        return Lane(received.key, received.correlation_id)
