"""A service, put together: database, outbox, broker, sagas, HTTP, and their common life."""

import asyncio
import os
import signal
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

import structlog
import uvicorn
from fastapi import FastAPI

from chassis.consumers.broker import MessageBroker
from chassis.consumers.handlers import Handler, HandlerProcessor
from chassis.consumers.policy import RetryPolicy
from chassis.consumers.processor import Processor
from chassis.database_gauges import DatabaseGauges
from chassis.flows import Flow, FlowMonitor, flow_routes
from chassis.http.application import create_http_app
from chassis.logs import configure_logs
from chassis.memory import settle_memory
from chassis.messaging.contracts import Kind
from chassis.messaging.topology import Consumer, ServiceTopology, TopologyError
from chassis.metrics import catalogue
from chassis.metrics.build_info import tell_build
from chassis.metrics.refresh import Refresh
from chassis.outbox.outbox import Outbox
from chassis.outbox.poke import DatagramPoke, no_poke
from chassis.outbox.publishing import bind_outbox
from chassis.persistence.database import Database
from chassis.sagas.definition import SagaDefinition
from chassis.sagas.orchestrator import SagaOrchestrator
from chassis.sagas.timers import SagaTimers
from chassis.settings import ServiceSettings
from chassis.telemetry.setup import configure_tracing, shut_down_tracing
from chassis.telemetry.switch import tracing_switch

log = structlog.get_logger(__name__)

_BUILD_INFO = catalogue.BUILD_INFO.gauge()


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
        self.gauges = DatabaseGauges(self.database)
        self._refresh = Refresh(self.gauges.survey, self.broker.survey)
        self.http: FastAPI = create_http_app(
            topology.service,
            database=self.database,
            broker=self.broker,
            max_body_bytes=settings.max_body_bytes,
            before_scrape=self._before_scrape,
            lifespan=self._lifespan,
        )
        self.beside: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {}
        self._orchestrators: list[SagaOrchestrator] = []
        tell_build(_BUILD_INFO, service_name=topology.service, distribution=topology.service)

    def handle_commands(
        self, handlers: Sequence[Handler], policy: RetryPolicy | None = None
    ) -> None:
        """Handle the commands of this service's own context."""
        processor = HandlerProcessor(handlers, self.outbox)
        self._consume(self._consumer(Kind.COMMANDS), processor, policy)

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
            self._consume(consumer, HandlerProcessor(of_context, self.outbox), policy)

    def orchestrate(self, *sagas: SagaDefinition) -> SagaOrchestrator:
        """Run sagas here: their replies come on this service's own reply channel."""
        consumer = self._consumer(Kind.REPLIES)
        orchestrator = SagaOrchestrator(
            outbox=self.outbox, definitions=sagas, reply_to=consumer.channel.name
        )
        self._consume(consumer, orchestrator)
        self.gauges.expect_sagas(saga.saga_type for saga in sagas)
        self.run_beside("saga timers", SagaTimers(self.database, orchestrator).run)
        self._orchestrators.append(orchestrator)
        return orchestrator

    def watch(self, *flows: Flow) -> None:
        """Show flows by choreography that this service expects the end of, and those overdue."""
        self.run_beside("flow monitor", FlowMonitor(self.database, flows).run)
        self.http.include_router(flow_routes())

    def run_beside(self, name: str, run: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run this in the service's process as long as it serves; it is cancelled at the end."""
        self.beside[name] = run

    def _consume(
        self, consumer: Consumer, processor: Processor, policy: RetryPolicy | None = None
    ) -> None:
        self.broker.consume(consumer, processor, policy)
        self.gauges.expect_consumer(consumer.name)

    async def _before_scrape(self) -> None:
        self.gauges.show_pool()
        await self._refresh()

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
        tasks += [asyncio.create_task(run(), name=name) for name, run in self.beside.items()]
        self._say_what_is_on()
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._refresh.close()
            await self.broker.stop()
            await self.database.close()
            log.info("stopped")

    async def _run_broker(self) -> None:
        await self.broker.start()
        log.info("connected to NATS")

    def _say_what_is_on(self) -> None:
        settings, poke_port = self.settings, self.settings.relay_poke_port
        log.info(
            "started",
            http=f"on: {settings.http_host}:{settings.http_port}",
            metrics="on: /metrics",
            broker="on: connecting in the background, HTTP does not wait for it",
            consumers=[consumer.name for consumer in self.topology.consumers],
            publishes=[channel.name for channel in self.topology.publishes],
            relay=f"poked at UDP {poke_port}" if poke_port else "polls: RELAY_POKE_PORT is not set",
            sagas=[saga for orchestrator in self._orchestrators for saga in orchestrator.sagas],
            beside=sorted(self.beside),
            tracing=str(tracing_switch(os.environ)),
            traced_statements="on" if settings.trace_database else "off: TRACE_DATABASE is not set",
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
    settings = service.settings
    tracing = configure_tracing(
        service.topology.service,
        link_after=timedelta(seconds=settings.trace_link_after_seconds),
        database=settings.trace_database,
    )
    configure_logs(service.topology.service, settings.log_level, traced=tracing.on)
    config = uvicorn.Config(
        service.http,
        host=settings.http_host,
        port=settings.http_port,
        log_config=None,
        access_log=False,
        loop="uvloop",
        timeout_graceful_shutdown=20,
    )
    settle_memory()
    # Uvicorn raises the signal once more when it has served: that must not end the process yet
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config).run()
    shut_down_tracing()
