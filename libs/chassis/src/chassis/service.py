"""A service with messaging, put together: database, outbox, broker, sagas, HTTP."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta

import structlog

from chassis.admin.application import create_admin_app
from chassis.admin.served import Served
from chassis.admin.server import AdminServer
from chassis.admin.tokens import Role
from chassis.consumers.broker import MessageBroker
from chassis.consumers.handlers import Handler, HandlerProcessor
from chassis.consumers.policy import RetryPolicy
from chassis.consumers.processor import Processor
from chassis.database_gauges import DatabaseGauges
from chassis.flows import Flow, FlowMonitor, flow_routes
from chassis.http.problems import declare_problems
from chassis.http_service import HttpService, run
from chassis.messaging.contracts import Kind
from chassis.messaging.topology import Consumer, ServiceTopology, TopologyError
from chassis.metrics.refresh import Refresh
from chassis.operations.carrying_out import SagaInterventions
from chassis.outbox.outbox import Outbox
from chassis.outbox.poke import DatagramPoke, no_poke
from chassis.outbox.publishing import bind_outbox
from chassis.persistence.database import Database
from chassis.retention import Retention, Sweeper
from chassis.sagas.definition import SagaDefinition
from chassis.sagas.missing_versions import MissingVersions
from chassis.sagas.orchestrator import SagaOrchestrator
from chassis.sagas.timers import SagaTimers
from chassis.settings import ServiceSettings, SettingsError
from chassis.telemetry.setup import configure_tracing
from chassis.telemetry.switch import Switch
from chassis.views import VIEW_NOT_READY, KeptView, View, show_own_writes

__all__ = ["Service", "run"]

log = structlog.get_logger(__name__)


class Service(HttpService):
    """Everything that runs in the process of a service with messaging; its relay runs in another.

    HTTP needs the database only. The broker is connected in the background and may come and go:
    what is published meanwhile waits in the outbox.
    """

    def __init__(self, settings: ServiceSettings, topology: ServiceTopology) -> None:
        port = settings.relay_poke_port
        retention = Retention.of(settings)
        retention.check(topology)
        self.topology = topology
        self.database = Database(settings.database_url.get_secret_value())
        self.outbox = Outbox(topology, DatagramPoke(port) if port else no_poke)
        bind_outbox(self.database, self.outbox)
        self.broker = MessageBroker(
            settings.nats_url.get_secret_value(), service=topology.service, database=self.database
        )
        self.gauges = DatabaseGauges(self.database)
        self._refresh = Refresh(self.gauges.survey, self.broker.survey)
        self._orchestrators: list[SagaOrchestrator] = []
        self._interventions: list[SagaInterventions] = []
        self._settings = settings
        super().__init__(
            topology.service,
            settings,
            database=self.database,
            broker=self.broker,
            before_scrape=self._before_scrape,
        )
        self._own_writes = show_own_writes(self.http, settings.consistency_wait_seconds)
        self.run_beside("broker", self._run_broker)
        self._serve_admin()
        self.run_beside("sweeper", Sweeper(self.database, retention).run)

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
        """Run sagas here: their replies come on this service's own reply channel.

        The service is not ready while sagas are in flight on an older version of one of them that
        is not given here.
        """
        consumer = self._consumer(Kind.REPLIES)
        orchestrator = SagaOrchestrator(
            outbox=self.outbox, definitions=sagas, reply_to=consumer.channel.name
        )
        self._consume(consumer, orchestrator)
        self.gauges.expect_sagas(sagas)
        missing = MissingVersions(self.database, sagas)
        self.run_beside("missing saga versions", missing.run)
        if self._settings.saga_versions_required:
            self.required["saga versions"] = missing.check_ready
        self.run_beside("saga timers", SagaTimers(self.database, orchestrator).run)
        interventions = SagaInterventions(self.database, orchestrator)
        self.run_beside("interventions", interventions.run)
        self._interventions.append(interventions)
        self._orchestrators.append(orchestrator)
        return orchestrator

    def watch(self, *flows: Flow) -> None:
        """Show flows by choreography that this service expects the end of, and those overdue."""
        self.run_beside("flow monitor", FlowMonitor(self.database, flows).run)
        self.http.include_router(flow_routes())

    def keep(self, view: View) -> KeptView:
        """Keep a view: build it where it is missing, feed it, and swap in what is rebuilt.

        Its channels are among the topology's `reads`; raises TopologyError where one is not. The
        service is ready once this version of the view is live. Routes with `after_own_writes(view)`
        wait for what their consistency token names.
        """
        kept = KeptView(self.database, view, self.topology, self.broker.client)
        self.run_beside(f"view {view.name}", kept.run)
        self.required[f"view {view.name}"] = kept.check_ready
        self._refresh.add(kept.survey)
        declare_problems(self.http, VIEW_NOT_READY)
        self._own_writes.watch(view, kept)
        return kept

    def trace(self) -> Switch:
        return configure_tracing(
            self.name,
            link_after=timedelta(seconds=self._settings.trace_link_after_seconds),
            database=self._settings.trace_database,
        )

    async def close(self) -> None:
        await self._refresh.close()
        await self.broker.stop()
        await self.database.close()

    def what_is_on(self) -> Mapping[str, object]:
        poke_port = self._settings.relay_poke_port
        return {
            **super().what_is_on(),
            "broker": "on: connecting in the background, HTTP does not wait for it",
            "consumers": [consumer.name for consumer in self.topology.consumers],
            "reads": [channel.name for channel in self.topology.reads],
            "publishes": [channel.name for channel in self.topology.publishes],
            "relay": f"poked at UDP {poke_port}"
            if poke_port
            else "polls: RELAY_POKE_PORT is not set",
            "sagas": [saga for one in self._orchestrators for saga in one.sagas],
            "admin": f"on: {self._settings.http_host}:{self._settings.admin_port}"
            if self._settings.admin_port
            else "off: ADMIN_PORT is not set",
            "traced_statements": "on"
            if self._settings.trace_database
            else "off: TRACE_DATABASE is not set",
        }

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

    def _serve_admin(self) -> None:
        settings = self._settings
        if settings.admin_port is None:
            return
        if settings.admin_token is None:
            raise SettingsError("ADMIN_PORT is set: set ADMIN_TOKEN_FILE to a file with a token")
        tokens = {Role.OPERATOR: settings.admin_token.get_secret_value()}
        if settings.admin_reader_token is not None:
            tokens[Role.READER] = settings.admin_reader_token.get_secret_value()
        served = Served(self.database, self._orchestrators, self._interventions)
        app = create_admin_app(self.name, served, tokens)
        server = AdminServer(app, settings.http_host, settings.admin_port)
        self.run_beside("admin", server.run)

    async def _run_broker(self) -> None:
        await self.broker.start()
        log.info("connected to NATS")


def _check_names(consumer: Consumer, handlers: Sequence[Handler]) -> None:
    handled = {handler.message.wire_name for handler in handlers}
    if handled != set(consumer.names):
        raise TopologyError(
            f"{consumer.name} is declared for {sorted(consumer.names)} and handles "
            f"{sorted(handled)}; make `names` in the topology say what is handled"
        )
