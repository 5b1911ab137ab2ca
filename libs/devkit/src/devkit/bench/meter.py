"""What a process and a database role cost: from the operating system and from PostgreSQL."""

from dataclasses import dataclass
from typing import Self

import asyncpg
import psutil

_MIB = 1024 * 1024
_STATEMENTS = """
SELECT coalesce(sum(calls), 0)::bigint
FROM pg_stat_statements
JOIN pg_roles ON pg_roles.oid = userid
WHERE rolname = $1
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class ProcessCost:
    """CPU time so far in seconds, and memory now in MiB."""

    cpu_seconds: float
    rss_mib: float

    @classmethod
    def of(cls, pid: int) -> Self:
        process = psutil.Process(pid)
        times = process.cpu_times()
        return cls(cpu_seconds=times.user + times.system, rss_mib=process.memory_info().rss / _MIB)


class StatementMeter:
    """Counts the statements of one role, through a superuser's session of another role."""

    def __init__(self, superuser: asyncpg.Connection, role: str) -> None:
        self._superuser = superuser
        self._role = role

    async def prepare(self) -> None:
        """Make the counters visible in the superuser's database."""
        await self._superuser.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")

    async def statements(self) -> int:
        """Statements that the role has executed so far, transaction control included."""
        count: int = await self._superuser.fetchval(_STATEMENTS, self._role)
        return count


def percentile(values: list[float], share: float) -> float:
    """The value that `share` (0 to 1) of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]
