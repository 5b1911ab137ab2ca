"""Taking and releasing a semantic lock."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.consumers.waking import place_in_queue, wake_waiting
from chassis.locks.errors import LockAwaitedError, LockDeadlockError, LockTakenError
from chassis.locks.held import HeldLock, Holder, held_locks
from chassis.locks.statements import CLOSES_A_CIRCLE, RELEASE, TAKE, WAKE_FIRST
from chassis.persistence.after_commit import after_commit
from chassis.persistence.database import fetch_all


class WhenTaken(StrEnum):
    """What becomes of who wants a lock that another holds."""

    WAIT = "wait"
    REFUSE = "refuse"


WAIT: Final = WhenTaken.WAIT
REFUSE: Final = WhenTaken.REFUSE


class NoHolderError(TypeError):
    """A lock is wanted outside of any saga, command or event, and nobody is named as its holder."""


@dataclass(frozen=True, slots=True)
class SemanticLock:
    """A lock on things of one kind, such as `order`, each with its key.

    It is taken and released with the caller's transaction, and held in between, however many
    transactions that are. Its holder is the saga, or else the conversation, that the session's work
    belongs to; where there is none, it is named. A saga that holds a lock may take it again, which
    starts its time anew. A lock expires after `expires`, measured by the database: from then on
    anybody may take it, so a lock that nobody releases ends as well.

    Where it is taken, `when_taken` decides. REFUSE: LockTakenError, with holder and age. WAIT: in a
    consumer the message waits, without using up attempts, until it is its turn; elsewhere
    LockAwaitedError. Who came first is first. A wait that would close a circle is no wait:
    LockDeadlockError, at the latest at the next look.
    """

    name: str
    expires: timedelta
    when_taken: WhenTaken

    async def take(
        self, session: AsyncSession, key: object, *, holder: Holder | None = None
    ) -> HeldLock:
        """Take the lock, or raise what the class says; a rollback gives it back."""
        taker = _holder(session, holder)
        place = place_in_queue(session) if self.when_taken is WAIT else None
        seconds = self.expires.total_seconds()
        taken = await fetch_all(
            session, TAKE, self.name, str(key), taker.id, taker.type, seconds, place
        )
        if taken:
            return HeldLock(**taken[0])
        raise await self._in_the_way(session, str(key), taker)

    async def release(
        self, session: AsyncSession, key: object, *, holder: Holder | None = None
    ) -> bool:
        """Give the lock back, and wake who waits first; False where the holder has it no more."""
        releaser = _holder(session, holder)
        if self.when_taken is WAIT:
            await fetch_all(session, WAKE_FIRST, self.name, str(key))
            after_commit(session, wake_waiting)
        return bool(await fetch_all(session, RELEASE, self.name, str(key), releaser.id))

    async def held(self, session: AsyncSession, key: object) -> HeldLock | None:
        """Who holds the lock now; None where it is free or has expired."""
        found = await held_locks(session, name=self.name, key=str(key))
        return next((one for one in found if not one.is_expired), None)

    async def _in_the_way(self, session: AsyncSession, key: str, taker: Holder) -> LockTakenError:
        held = await self.held(session, key)
        if self.when_taken is REFUSE:
            return LockTakenError(self.name, key, held)
        [circle] = await fetch_all(session, CLOSES_A_CIRCLE, self.name, key, taker.id)
        error = LockDeadlockError if circle[0] else LockAwaitedError
        return error(self.name, key, held)


def _holder(session: AsyncSession, named: Holder | None) -> Holder:
    holder = named or Holder.of(session)
    if holder is None:
        raise NoHolderError(
            "no saga, command or event is being worked on here: say `holder=Holder(id=…, type=…)`"
        )
    return holder
