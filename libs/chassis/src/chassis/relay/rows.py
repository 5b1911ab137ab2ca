"""The outbox as SQL: claim in order, delete by exact ids, park a key. No cursor, no row state."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

CLAIM_ROWS: Final = 1000
CLAIM_BYTES: Final = 8 * 1024 * 1024

# Subselects and not `<> ALL(array)`: PostgreSQL hashes them, where it would scan an array's
# parameter for every row. The running sum keeps a claim of large bodies within memory.
CLAIM: Final = """
SELECT id, key, subject, headers, body, created_at
FROM (
    SELECT id, key, subject, headers, body,
           extract(epoch FROM created_at)::float8 AS created_at,
           octet_length(headers) + octet_length(body) AS size,
           sum(octet_length(headers) + octet_length(body))
               OVER (ORDER BY id ROWS UNBOUNDED PRECEDING) AS size_so_far
    FROM outbox
    WHERE id NOT IN (SELECT unnest($1::bigint[]))
      AND ($2::smallint[] IS NULL OR shard = ANY($2))
      AND key NOT IN (SELECT unnest($3::text[]) UNION ALL SELECT key FROM outbox_parked)
      AND NOT EXISTS (
          SELECT FROM unnest($4::text[]) AS channel WHERE starts_with(subject, channel || '.')
      )
    ORDER BY id
    LIMIT $5
) AS batch
WHERE size_so_far - size < $6
"""

DELETE: Final = "DELETE FROM outbox WHERE id = ANY($1::bigint[])"

PARK: Final = """
INSERT INTO outbox_parked (key, outbox_id, message_id, subject, error, attempts)
SELECT key, id, message_id, subject, error, attempts
FROM unnest($1::bigint[], $2::text[], $3::int[]) AS refused (id, error, attempts)
JOIN outbox USING (id)
ON CONFLICT (key) DO NOTHING
"""

# Bounded, so that watching a large backlog does not slow its draining.
SURVEY: Final = """
SELECT (SELECT count(*) FROM (SELECT FROM outbox LIMIT 100000) AS bounded) AS pending,
       coalesce(extract(epoch FROM clock_timestamp() -
           (SELECT created_at FROM outbox WHERE key NOT IN (SELECT key FROM outbox_parked)
            ORDER BY id LIMIT 1))::float8, 0) AS oldest_age,
       (SELECT count(*) FROM outbox_parked) AS parked
"""

# The claim's plan must not depend on statistics that were taken when the table was empty, nor the
# delete's commit wait for the disk: a lost delete is a duplicate that JetStream drops.
SESSION_SETTINGS: Final = {
    "enable_seqscan": "off",
    "enable_sort": "off",
    "jit": "off",
    "plan_cache_mode": "force_generic_plan",
    "synchronous_commit": "off",
}


class ClaimedRow(NamedTuple):
    """One message as the outbox stores it; `created_at` is seconds since 1970."""

    id: int
    key: str
    subject: str
    headers: bytes
    body: bytes
    created_at: float

    @property
    def channel(self) -> str:
        """The subject's first two tokens: one channel, one stream."""
        context, _, rest = self.subject.partition(".")
        return f"{context}.{rest.partition('.')[0]}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    """What a claim leaves out. `shards` of None means: all are held."""

    shards: frozenset[int] | None = None
    in_flight: Sequence[ClaimedRow] = ()
    keys: Sequence[str] = ()
    channels: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """Rows in the order of their ids. `more`: the limit was reached, so there may be others."""

    rows: list[ClaimedRow] = field(default_factory=list)
    more: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """A row that JetStream will not take, and how often it was tried."""

    row: ClaimedRow
    error: str
    attempts: int = 1


class Survey(NamedTuple):
    """The state of the whole outbox.

    `pending` is counted up to 100,000; the oldest row is one whose key is not parked.
    """

    pending: int
    oldest_age_seconds: float
    parked: int


async def claim(connection: Any, leave_out: Filter) -> Claim:
    """Up to CLAIM_ROWS rows and about CLAIM_BYTES bytes, at least one row if there is any."""
    shards = None if leave_out.shards is None else sorted(leave_out.shards)
    records = await connection.fetch(
        CLAIM,
        [row.id for row in leave_out.in_flight],
        shards,
        leave_out.keys,
        leave_out.channels,
        CLAIM_ROWS,
        CLAIM_BYTES,
    )
    rows = [ClaimedRow._make(record) for record in records]
    size = sum(len(row.headers) + len(row.body) for row in rows)
    return Claim(rows=rows, more=len(rows) == CLAIM_ROWS or size >= CLAIM_BYTES)


async def delete(connection: Any, rows: Iterable[ClaimedRow]) -> None:
    """Delete exactly these rows: one with a lower id may have been committed since."""
    await connection.execute(DELETE, [row.id for row in rows])


async def park(connection: Any, refusals: Sequence[Refusal]) -> None:
    """Set the rows' keys aside until somebody deletes their entries from `outbox_parked`."""
    await connection.execute(
        PARK,
        [refusal.row.id for refusal in refusals],
        [refusal.error for refusal in refusals],
        [refusal.attempts for refusal in refusals],
    )


async def survey(connection: Any) -> Survey:
    return Survey._make(await connection.fetchrow(SURVEY))
