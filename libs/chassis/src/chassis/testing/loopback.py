"""Services put together without relays and a broker.

    loopback = Loopback(order_service, shipping_service)
    await loopback.run()

What lies in their outboxes is given to those of their consumers that it is for, in order, through
inbox and handlers as in production. Each message comes twice, since nothing may depend on once.
With `obliging`, commands to services that are not there are answered with a success.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from chassis.consumers.batch import BatchRunner
from chassis.consumers.incoming import Incoming
from chassis.consumers.policy import RetryPolicy
from chassis.messaging.contracts import context_and_name
from chassis.messaging.envelope import ReceivedMessage
from chassis.messaging.topology import Consumer
from chassis.persistence.database import Database, fetch_all
from chassis.service import Service
from chassis.testing.answering import Success, answer_to
from chassis.testing.delivery import incoming, subscribers_of, wants
from chassis.testing.outbox import read_header_block

_TAKE = "DELETE FROM outbox RETURNING id, subject, headers, body"


@dataclass(frozen=True, slots=True)
class _Reader:
    consumer: Consumer
    runner: BatchRunner

    def wants(self, message: Incoming) -> bool:
        return wants(self.consumer, message)


class Loopback:
    """Carries messages between services in one process; `heard` are all, in their order."""

    def __init__(self, *services: Service, obliging: bool = False) -> None:
        self._obliging = obliging
        self._databases = [service.database for service in services]
        self._readers = [reader for service in services for reader in _readers(service)]
        self._waiting: defaultdict[str, list[Incoming]] = defaultdict(list)
        self.heard: list[ReceivedMessage] = []

    async def run(self, *, holding: Collection[str] = ()) -> None:
        """Carry messages until none moves any more; those named in `holding` wait for a later run.

        Raises AssertionError when a message cannot be handled.
        """
        while await self._collect() | await self._hand_out(holding):
            pass

    async def _collect(self) -> bool:
        anything = False
        for database in self._databases:
            for message in await _take(database):
                anything = True
                self._carry(message)
        return anything

    def _carry(self, message: Incoming) -> None:
        assert message.received is not None
        self.heard.append(message.received)
        takers = [reader for reader in self._readers if reader.wants(message)]
        for reader in takers:
            self._waiting[reader.consumer.name].append(message)
        if self._obliging and not takers and message.received.reply_to is not None:
            answer = answer_to(message.received, Success())
            self._carry(incoming(answer.subject, answer.headers, answer.body))

    async def _hand_out(self, holding: Collection[str]) -> bool:
        anything = False
        for reader in self._readers:
            waiting = self._waiting.pop(reader.consumer.name, [])
            batch = [message for message in waiting if name_of(message) not in holding]
            held = [message for message in waiting if name_of(message) in holding]
            if held:
                self._waiting[reader.consumer.name] = held
            if batch:
                anything = True
                for _ in range(2):
                    assert not await reader.runner.run(batch), f"{reader.consumer.name} set aside"
        return anything


def name_of(message: Incoming) -> str:
    """`ReserveCredit` of `customer.ReserveCredit.v1`."""
    assert message.received is not None
    return context_and_name(message.received.wire_type)[1]


def _readers(service: Service) -> Iterator[_Reader]:
    for one in subscribers_of(service):
        consumer = one.consumer
        yield _Reader(
            consumer, BatchRunner(service.database, consumer.name, one.processor, RetryPolicy())
        )


async def _take(database: Database) -> list[Incoming]:
    async with database.sessions.begin() as session:
        rows = await fetch_all(session, _TAKE)
    return [incoming(row.subject, read_header_block(row.headers), row.body) for row in sorted(rows)]
