"""A service, put together: database, outbox, broker, sagas, HTTP, and their common life."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import structlog
import uvicorn
from fastapi import FastAPI

from chassis.consumers.broker import MessageBroker
from chassis.consumers.handlers import Handler, HandlerProcessor
from chassis.consumers.policy import RetryPolicy
from chassis.flows import Flow, FlowMonitor, flow_routes
from chassis.http.application import create_http_app
from chassis.logs import configure_logs
from chassis.memory import settle_memory
from chassis.messaging.contracts import Kind
from chassis.messaging.topology import Consumer, ServiceTopology, TopologyError
from chassis.outbox.outbox import Outbox
from chassis.outbox.poke import DatagramPoke, no_poke
from chassis.outbox.publishing import bind_outbox
from chassis.persistence.database import Database
from chassis.sagas.definition import SagaDefinition
from chassis.sagas.orchestrator import SagaOrchestrator
from chassis.sagas.timers import SagaTimers
from chassis.settings import ServiceSettings

log = structlog.get_logger(__name__)


class Service:
    """Everything that runs in a service's process; its relay runs in another.

    HTTP needs the database only. The broker is connected in the background and may come and go:
    what is published meanwhile waits in the outbox.
    """

    def __init__(self, settings: ServiceSettings, topology: ServiceTopology) -> None:
        port = settings.relay_poke_port
        self.settings = settings
        self.topology = topology
        self.database = Database(settings.database_url.get_secret_value())
        self.outbox = Outbox(topology, DatagramPoke(port) if port else no_poke)
        bind_outbox(self.database, self.outbox)
        self.broker = MessageBroker(
            settings.nats_url.get_secret_value(), service=topology.service, database=self.database
        )
        self.http: FastAPI = create_http_app(
            topology.service,
            database=self.database,
            broker=self.broker,
            max_body_bytes=settings.max_body_bytes,
            lifespan=self._lifespan,
        )
        self._beside: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {}

    def handle_commands(
        self, handlers: Sequence[Handler], policy: RetryPolicy | None = None
    ) -> None:
        """Handle the commands of this service's own context."""
        processor = HandlerProcessor(handlers, self.outbox)
        self.broker.consume(self._consumer(Kind.COMMANDS), processor, policy)

    def handle_events(self, handlers: Sequence[Handler], policy: RetryPolicy | None = None) -> None:
        """React to events of other contexts, with the guarantees that commands have.

        The topology declares a consumer of each context's events, restricted to the `names` that
        are handled here; raises TopologyError where the two differ.
        """
        by_context: defaultdict[str, list[Handler]] = defaultdict(list)
        for handler in handlers:
            by_context[handler.message.context].append(handler)
        for context, of_context in by_context.items():
            consumer = self._consumer(Kind.EVENTS, context)
            _check_names(consumer, of_context)
            self.broker.consume(consumer, HandlerProcessor(of_context, self.outbox), policy)

    def orchestrate(self, *sagas: SagaDefinition) -> SagaOrchestrator:
        """Run sagas here: their replies come on this service's own reply channel."""
        consumer = self._consumer(Kind.REPLIES)
        orchestrator = SagaOrchestrator(
            outbox=self.outbox, definitions=sagas, reply_to=consumer.channel.name
        )
        self.broker.consume(consumer, orchestrator)
        self.run_beside("saga timers", SagaTimers(self.database, orchestrator).run)
        return orchestrator

    def watch(self, *flows: Flow) -> None:
        """Show flows by choreography that this service expects the end of, and those overdue."""
        self.run_beside("flow monitor", FlowMonitor(self.database, flows).run)
        self.http.include_router(flow_routes())

    def run_beside(self, name: str, run: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run this in the service's process as long as it serves; it is cancelled at the end."""
        self._beside[name] = run

    def _consumer(self, kind: Kind, context: str | None = None) -> Consumer:
        wanted = (context or self.topology.context, kind)
        for consumer in self.topology.consumers:
            if (consumer.channel.context, consumer.channel.kind) == wanted:
                return consumer
        raise TopologyError(
            f"{self.topology.service} declares no consumer of {'.'.join(wanted)}; "
            "add it to `consumers` in its topology"
        )

    @asynccontextmanager
    async def _lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(self._run_broker(), name="broker")]
        tasks += [asyncio.create_task(run(), name=name) for name, run in self._beside.items()]
        self._say_what_is_on()
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.broker.stop()
            await self.database.close()
            log.info("stopped")

    async def _run_broker(self) -> None:
        await self.broker.start()
        log.info("connected to NATS")

    def _say_what_is_on(self) -> None:
        log.info(
            "started",
            http=f"{self.settings.http_host}:{self.settings.http_port}",
            consumers=[consumer.name for consumer in self.topology.consumers],
            relay="poked after each commit" if self.settings.relay_poke_port else "polls only",
            beside=sorted(self._beside),
        )


def _check_names(consumer: Consumer, handlers: Sequence[Handler]) -> None:
    handled = {handler.message.wire_name for handler in handlers}
    if handled != set(consumer.names):
        raise TopologyError(
            f"{consumer.name} is declared for {sorted(consumer.names)} and handles "
            f"{sorted(handled)}; make `names` in the topology say what is handled"
        )


def run(service: Service) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is in flight: requests, batches, sagas."""
    configure_logs(service.topology.service, service.settings.log_level)
    config = uvicorn.Config(
        service.http,
        host=service.settings.http_host,
        port=service.settings.http_port,
        log_config=None,
        access_log=False,
        loop="uvloop",
        timeout_graceful_shutdown=20,
    )
    settle_memory()
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config).run()
