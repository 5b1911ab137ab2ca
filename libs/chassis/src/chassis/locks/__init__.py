"""Semantic locks: a saga's claim on something, kept in its service's database until it is released.

ORDER = SemanticLock("order", expires=minutes(30), when_taken=REFUSE)

await ORDER.take(session, order_id)
await ORDER.release(session, order_id)
"""

from chassis.locks.errors import LockAwaitedError, LockDeadlockError, Locked, LockTakenError
from chassis.locks.held import HeldLock, Holder, held_locks
from chassis.locks.lock import REFUSE, WAIT, SemanticLock, WhenTaken

__all__ = (
    "REFUSE",
    "WAIT",
    "HeldLock",
    "Holder",
    "LockAwaitedError",
    "LockDeadlockError",
    "LockTakenError",
    "Locked",
    "SemanticLock",
    "WhenTaken",
    "held_locks",
)
