"""A service among twins: its real handlers, sagas and consumers, on a twin database."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.consumers.batch import BatchRunner
from chassis.consumers.handlers import Handler, HandlerProcessor
from chassis.consumers.incoming import Incoming
from chassis.consumers.policy import RetryPolicy
from chassis.consumers.processor import Processor
from chassis.consumers.waiting import WaitingMessages
from chassis.messaging.contracts import Kind
from chassis.messaging.topology import Channel, Consumer, ServiceTopology, TopologyError
from chassis.outbox.outbox import Outbox
from chassis.outbox.poke import no_poke
from chassis.outbox.publishing import bind_outbox
from chassis.persistence.database import Database
from chassis.sagas.definition import SagaDefinition
from chassis.sagas.definitions import Definitions
from chassis.sagas.orchestrator import SagaOrchestrator
from chassis.sagas.state import LogEntry, SagaInstance
from chassis.sagas.timers import SagaTimers
from chassis.testing.delivery import wants
from chassis.testing.twins.database import TwinDatabase
from chassis.testing.twins.instances import LOG, SAGAS, WAKE_AT, TwinInstances
from chassis.testing.twins.session import StatementTwin
from chassis.testing.twins.statements import NO_BARRIER, NO_INBOX, waiting

E = TypeVar("E")


class Timer(Protocol):
    """Something of a service's own that falls due, such as a carrier's errands."""

    def next_due(self) -> datetime | None:
        """When it has to be looked at next, if ever."""
        ...

    async def fire(self) -> None:
        """Do what is due, in transactions of its own."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a service is made of.

    `processors` are consumers' by their names, for what is no handler; `statements` are the twins
    of SQL that the service sends to its database itself.
    """

    commands: Sequence[Handler] = ()
    events: Sequence[Handler] = ()
    sagas: Sequence[SagaDefinition] = ()
    processors: Mapping[str, Callable[[Outbox], Processor]] = field(default_factory=dict)
    timers: Sequence[Timer] = ()
    statements: Mapping[str, StatementTwin] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceTwin:
    """A service to be run among twins: its topology, and its parts or a function that makes them.

    The function is given the service's database, for what is composed with it. Without `inbox` or
    `barrier` a service forgets which messages it has taken in, or which saga steps it has done:
    to see what they are for, and that a harness finds what is missing.
    """

    topology: ServiceTopology
    parts: Parts | Callable[[Database], Parts]
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    inbox: bool = True
    barrier: bool = True

    @property
    def name(self) -> str:
        return self.topology.service


@dataclass(frozen=True, slots=True)
class Reader:
    """One consumer of a service at work."""

    service: "RunningService"
    consumer: Consumer
    runner: BatchRunner
    waiting: WaitingMessages

    def wants(self, message: Incoming) -> bool:
        return wants(self.consumer, message)

    async def try_waiting(self) -> None:
        """Try the messages that wait in the database and are due, as the consumer does."""
        await self.waiting._round()

    def next_attempt(self) -> datetime | None:
        """When a message that waits in the database is to be tried again."""
        store = self.service.database.store
        heads = waiting.heads(store, self.consumer.name)
        return min((head.next_attempt_at for head in heads), default=None)


class RunningService:
    """A service of a platform of twins. Everything in it but its database dies with its process."""

    def __init__(self, twin: ServiceTwin, also_sends_to: Sequence[Channel] = ()) -> None:
        sends_to = tuple(dict.fromkeys((*twin.topology.sends_to, *also_sends_to)))
        self.topology = replace(twin.topology, sends_to=sends_to)
        self.name = twin.name
        self.database = TwinDatabase(self.name)
        self.outbox = Outbox(self.topology, no_poke)
        bind_outbox(self.database, self.outbox)
        parts = twin.parts(self.database) if callable(twin.parts) else twin.parts
        self.database.statements.update({**parts.statements, **_forgetting(twin)})
        self.timers = list(parts.timers)
        self.is_away = False
        self._policy = twin.policy
        self._orchestrator = self._orchestrate(parts.sagas)
        self.readers = list(self._readers(parts))

    @property
    def orchestrator(self) -> SagaOrchestrator:
        """Raises TopologyError for a service without sagas."""
        if self._orchestrator is None:
            raise TopologyError(f"{self.name} has no sagas: name them in its `Parts(sagas=…)`")
        return self._orchestrator

    def all(self, entity: type[E]) -> list[E]:
        """Every row of an entity as it is committed."""
        return self.database.all(entity)

    @property
    def sagas(self) -> list[SagaInstance]:
        return self.database.store.rows(SAGAS)

    @property
    def saga_log(self) -> list[LogEntry]:
        return self.database.store.rows(LOG)

    @property
    def next_saga_due(self) -> datetime | None:
        wake_at = (at for at in self.database.store.rows(WAKE_AT) if at is not None)
        return min(wake_at, default=None)

    async def fire_sagas(self) -> None:
        """Do what is due for sagas, as their timers do."""
        await SagaTimers(self.database, self.orchestrator)._fire_batch()

    async def transaction(self, do: Callable[[AsyncSession], Any]) -> Any:
        """Run `async (session) -> result` in a transaction of its own."""
        async with self.database.sessions.begin() as session:
            return await do(session)

    def _orchestrate(self, sagas: Sequence[SagaDefinition]) -> SagaOrchestrator | None:
        if not sagas:
            return None
        reply_to = self._consumer(Kind.REPLIES, self.topology.context).channel.name
        orchestrator = SagaOrchestrator(outbox=self.outbox, definitions=sagas, reply_to=reply_to)
        orchestrator.instances = TwinInstances(Definitions(sagas))
        return orchestrator

    def _readers(self, parts: Parts) -> Iterator[Reader]:
        own = self.topology.context
        if parts.commands:
            yield self._reader(
                self._consumer(Kind.COMMANDS, own), HandlerProcessor(parts.commands, self.outbox)
            )
        for context, handlers in _by_context(parts.events).items():
            yield self._reader(
                self._consumer(Kind.EVENTS, context), HandlerProcessor(handlers, self.outbox)
            )
        if self._orchestrator is not None:
            yield self._reader(self._consumer(Kind.REPLIES, own), self._orchestrator)
        for consumer in self.topology.consumers:
            if consumer.name in parts.processors:
                yield self._reader(consumer, parts.processors[consumer.name](self.outbox))

    def _reader(self, consumer: Consumer, processor: Processor) -> Reader:
        about = (self.database, consumer.name, processor, self._policy)
        return Reader(self, consumer, BatchRunner(*about), WaitingMessages(*about))

    def _consumer(self, kind: Kind, context: str) -> Consumer:
        for consumer in self.topology.consumers:
            if (consumer.channel.context, consumer.channel.kind) == (context, kind):
                return consumer
        raise TopologyError(
            f"{self.name} declares no consumer of {context}.{kind}; "
            "add it to `consumers` in its topology"
        )


def _by_context(handlers: Iterable[Handler]) -> dict[str, list[Handler]]:
    found: defaultdict[str, list[Handler]] = defaultdict(list)
    for handler in handlers:
        found[handler.message.context].append(handler)
    return found


def _forgetting(twin: ServiceTwin) -> dict[str, StatementTwin]:
    if not twin.inbox:
        return dict(NO_INBOX)
    return {} if twin.barrier else dict(NO_BARRIER)
