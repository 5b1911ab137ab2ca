"""The relay's session with the database: leases and rows on one connection."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine, Sequence
from typing import Any, Final, TypeVar

import asyncpg

from chassis.leases import Leases, LeasesLostError
from chassis.relay import rows
from chassis.relay.rows import Claim, ClaimedRow, Filter, Refusal, Survey

SHARDS: Final = 64
STATEMENT_SECONDS: Final = 30.0

DATABASE_ERRORS: Final = (
    LeasesLostError,
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)

T = TypeVar("T")


class OutboxStore:
    """The outbox through the session that holds the shards: whoever lost them cannot delete.

    One connection for everything also keeps a relay's cost to the database at one backend. All
    methods raise LeasesLostError when the session is gone.
    """

    def __init__(self, database_url: str, *, name: str) -> None:
        self._database_url = database_url
        self._name = name
        self._leases = Leases(
            self._connect, namespace="outbox-relay", slots=SHARDS, on_loss=self._abort
        )
        self._one_at_a_time = asyncio.Lock()
        self._flights: set[asyncio.Task[Any]] = set()

    @property
    def shards(self) -> frozenset[int]:
        return self._leases.held

    @property
    def relays(self) -> int:
        """Relays on this database, as far as known."""
        return self._leases.members

    async def review(self) -> bool:
        """Take and give up shards as the fleet changes; True if some were gained.

        Call it with no row in flight: a shard that is given up is another's at once.
        """
        async with self._one_at_a_time:
            change = await self._leases.review()
            await self._leases.release(change.surplus)
        return bool(change.gained)

    async def claim(
        self,
        *,
        in_flight: Sequence[ClaimedRow] = (),
        keys: Sequence[str] = (),
        channels: Sequence[str] = (),
    ) -> Claim:
        """The next rows of the held shards without those given."""
        shards = self._leases.held
        leave_out = Filter(
            shards=None if len(shards) == SHARDS else shards,
            in_flight=in_flight,
            keys=keys,
            channels=channels,
        )
        async with self._session() as connection:
            return await rows.claim(connection, leave_out)

    async def delete(self, published: Sequence[ClaimedRow]) -> None:
        async with self._session() as connection:
            await rows.delete(connection, published)

    async def park(self, refusals: Sequence[Refusal]) -> None:
        async with self._session() as connection:
            await rows.park(connection, refusals)

    async def survey(self) -> Survey:
        """The state of the whole outbox, whether or not any shard is held.

        Raises one of DATABASE_ERRORS.
        """
        if self._leases.members:
            async with self._session() as connection:
                return await rows.survey(connection)
        connection = await self._connect()  # the shards are given up while NATS is away
        try:
            return await rows.survey(connection)
        finally:
            await connection.close(timeout=1)

    async def close(self) -> None:
        """Give up all shards and disconnect; the next review connects again."""
        await self._leases.close()

    def start(self, flight: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run what is only right while the shards are held; losing them cancels it at once."""
        task = asyncio.create_task(flight)
        self._flights.add(task)
        task.add_done_callback(self._flights.discard)
        return task

    def _abort(self) -> None:
        for flight in self._flights:
            flight.cancel()

    @contextlib.asynccontextmanager
    async def _session(self) -> AsyncIterator[Any]:
        async with self._one_at_a_time:
            try:
                yield self._leases.connection
            except DATABASE_ERRORS as error:
                await self._leases.close()
                raise LeasesLostError(f"the database failed: {error}") from error

    async def _connect(self) -> Any:
        return await asyncpg.connect(
            self._database_url,
            timeout=STATEMENT_SECONDS,
            command_timeout=STATEMENT_SECONDS,
            server_settings={"application_name": self._name, **rows.SESSION_SETTINGS},
        )
