"""What stands in the way of a lock."""

from datetime import datetime
from uuid import UUID

from chassis.locks.held import HeldLock
from chassis.messaging.contracts import Refusal


class Locked(Refusal, type="chassis.Locked.v1"):
    """Answer to a command that needs what another holds; `would_deadlock`: who waits for it."""

    lock: str
    locked_key: str
    holder_type: str | None = None
    held_since: datetime | None = None
    would_deadlock: bool = False


class LockTakenError(Exception):
    """Another holder has the lock, or a better right to it; `held` is None where it is just free.

    A command's handler that lets it through has the command refused with `chassis.Locked.v1`, and
    nothing else that it did is kept. `message_id` is that of the message that could not go on.
    """

    deadlock = False

    def __init__(self, name: str, key: str, held: HeldLock | None) -> None:
        super().__init__(str(held) if held else f"{name} {key} is about to be taken by another")
        self.name, self.key, self.held = name, key, held
        self.message_id: UUID | None = None

    def refusal(self) -> Locked:
        return Locked(
            lock=self.name,
            locked_key=self.key,
            holder_type=self.held.holder_type if self.held else None,
            held_since=self.held.taken_at if self.held else None,
            would_deadlock=self.deadlock,
        )


class LockAwaitedError(LockTakenError):
    """The lock is one to wait for: a message waits, whoever has no message is told so."""


class LockDeadlockError(LockTakenError):
    """Waiting would close a circle: its holder waits, over others perhaps, for who asks here."""

    deadlock = True
