"""A consumer under test: its database, a provisioned stream, a handler that writes things down."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from nats.aio.client import Client
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.consumers.handlers import HandlerProcessor, handle
from chassis.consumers.policy import RetryPolicy
from chassis.consumers.runtime import ConsumerRuntime
from chassis.messaging.contracts import Command, Reply
from chassis.messaging.envelope import OutgoingMessage
from chassis.messaging.headers import encode_header_block
from chassis.messaging.provisioner import provision
from chassis.messaging.topology import Consumer, ServiceTopology, Stream, commands, replies
from chassis.outbox.outbox import Outbox
from chassis.outbox.poke import no_poke
from chassis.persistence.database import Database
from chassis.persistence.tables import METADATA

COMMANDS = commands("ledger")
REPLIES = replies("asker")
CONSUMER = Consumer(service="ledger-service", channel=COMMANDS)
TOPOLOGY = ServiceTopology(
    service="ledger-service",
    context="ledger",
    streams=(Stream(channel=COMMANDS),),
    consumers=(CONSUMER,),
    sends_to=(REPLIES,),
)
HASTY = RetryPolicy(
    immediate=1,
    delays=(timedelta(seconds=0.1), timedelta(seconds=0.1)),
    unknown_type_delay=timedelta(seconds=0.1),
)


class Note(Command, type="ledger.Note.v1", key="account"):
    account: str
    number: int


class Noted(Reply, type="ledger.Noted.v1"):
    number: int


@dataclass
class Ledger:
    """One service's consumer and what its handler was made to do.

    The consumer is `client`; messages come from `sender`.
    """

    database: Database
    client: Client
    sender: Client
    failing: dict[int, int] = field(default_factory=dict)
    runtimes: list[ConsumerRuntime] = field(default_factory=list)
    before: Callable[[Note], Awaitable[None]] | None = None

    async def note(self, command: Note, session: AsyncSession) -> Noted:
        if self.before is not None:
            await self.before(command)
        if self.failing.get(command.number, 0):
            self.failing[command.number] -= 1
            raise RuntimeError(f"{command.number} is made to fail")
        await session.execute(
            text("INSERT INTO notes (account, number) VALUES (:account, :number)"),
            command.model_dump(),
        )
        return Noted(number=command.number)

    def processor(self) -> HandlerProcessor:
        return HandlerProcessor((handle(Note, self.note),), Outbox(TOPOLOGY, no_poke))

    async def start(self, processor: HandlerProcessor | None = None) -> ConsumerRuntime:
        runtime = ConsumerRuntime(
            self.database, self.client, CONSUMER, processor or self.processor(), HASTY
        )
        await runtime.start()
        self.runtimes.append(runtime)
        return runtime

    async def send(self, outgoing: OutgoingMessage, again: str = "") -> None:
        """Put a message on its stream; `again` makes it a redrive with another Nats-Msg-Id."""
        headers = dict(outgoing.headers("asker-service"))
        headers["Nats-Msg-Id"] += again
        await self.publish(outgoing, headers, outgoing.message.to_body())

    async def publish(
        self, outgoing: OutgoingMessage, headers: dict[str, str], body: bytes
    ) -> None:
        lines = encode_header_block(headers.items()).decode().split("\r\n")[1:-1]
        encoded = dict(line.split(": ", 1) for line in lines)
        subject = COMMANDS.subject(outgoing.message.wire_type, outgoing.key)
        # what is lost with a server is asked again within the patience of `eventually`
        await self.sender.jetstream(timeout=10).publish(subject, body, headers=encoded)

    async def notes(self, account: str | None = None) -> list[int]:
        rows = await self.rows("SELECT account, number FROM notes ORDER BY id")
        return [number for name, number in rows if account in (None, name)]

    async def rows(self, sql: str) -> list[Any]:
        async with self.database.sessions.begin() as session:
            return list((await session.execute(text(sql))).all())


@asynccontextmanager
async def _open(
    database_url: str, client: Client, administrator: Client | None = None
) -> AsyncIterator[Ledger]:
    service_database = Database(database_url)
    async with service_database.engine.begin() as connection:
        await connection.run_sync(METADATA.create_all)
        await connection.execute(
            text("CREATE TABLE notes (id serial PRIMARY KEY, account text, number int)")
        )
    if administrator is None:
        await provision(client.jetstream(), [TOPOLOGY])
    ledger = Ledger(service_database, client, administrator or client)
    try:
        yield ledger
    finally:
        await asyncio.gather(*(runtime.stop() for runtime in ledger.runtimes))
        await service_database.close()


@pytest.fixture
async def ledger(database: Any, nats_client: Client) -> AsyncIterator[Ledger]:
    async with _open(database.url, nats_client) as ledger:
        yield ledger


@pytest.fixture
def open_ledger() -> Callable[..., AbstractAsyncContextManager[Ledger]]:
    """For tests that bring servers of their own."""
    return _open


@pytest.fixture
def note() -> Callable[[str, int], OutgoingMessage]:
    """Makes commands: `note("a", 1)` notes 1 on account a."""

    def make(account: str, number: int, **envelope: Any) -> OutgoingMessage:
        message = Note(account=account, number=number)
        return OutgoingMessage(message=message, key=message.key, **envelope)

    return make
