"""Who holds which lock."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.locks.statements import HELD
from chassis.outbox.cause import cause_of
from chassis.persistence.database import fetch_all

_NO_SAGA = "conversation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A saga, or another conversation; whoever has the same id is the same holder."""

    id: str
    type: str

    @classmethod
    def of(cls, session: AsyncSession) -> "Holder | None":
        """Whose step, command or event the session's work belongs to; None outside of those."""
        cause = cause_of(session)
        if cause is None:
            return None
        return cls(id=cause.correlation_id, type=cause.saga_type or _NO_SAGA)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldLock:
    """A lock as it was at the moment of the question; `waiters` are messages that wait for it."""

    name: str
    key: str
    holder: str
    holder_type: str
    taken_at: datetime
    expires_at: datetime
    is_expired: bool
    waiters: int

    @property
    def age(self) -> timedelta:
        return max(datetime.now(UTC) - self.taken_at, timedelta())

    def __str__(self) -> str:
        seconds = round(self.age.total_seconds())
        return (
            f"{self.name} {self.key} has been held by {self.holder_type} {self.holder} for "
            f"{seconds} s, until {self.expires_at:%Y-%m-%dT%H:%M:%SZ} at the latest"
        )


async def held_locks(
    session: AsyncSession, *, name: str | None = None, key: str | None = None, limit: int = 100
) -> list[HeldLock]:
    """The locks that are held, also those that have expired and nobody has taken since."""
    return [HeldLock(**row) for row in await fetch_all(session, HELD, name, key, limit)]
