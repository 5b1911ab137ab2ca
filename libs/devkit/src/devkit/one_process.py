"""Services, their relays and all that they need, in the process of one script.

    async with OneProcess() as platform:
        travel = await platform.service(TRAVEL, tables=Base.metadata)
        flights = await platform.service(FLIGHTS)
        orchestrator = travel.orchestrate(BookTripSaga)
        flights.handle_commands(HANDLERS)
        await platform.start()

A real NATS server and a real PostgreSQL run as children of the process, with their data in a folder
that is removed at the end. Databases, streams, outbox and inbox are as in production; only the
relays are no processes of their own, and nothing listens for HTTP.
"""

import asyncio
import logging
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

import nats
from sqlalchemy import MetaData

from chassis.logs import configure_logs
from chassis.messaging.provisioner import provision
from chassis.messaging.topology import ServiceTopology
from chassis.persistence.migrations import CHASSIS_ONLY, upgrade
from chassis.relay.composition import composed_relay
from chassis.relay.relay import Relay
from chassis.relay.settings import RelaySettings
from chassis.service import Service
from chassis.settings import ServiceSettings
from devkit.embedded.nats import NatsServer
from devkit.embedded.postgres import PostgresServer
from devkit.ports import free_port
from devkit.private_folder import private_folder


class OneProcess:
    """Compose services on it, then `start` them; everything ends with its context.

    What services log below `log_level` is not shown.
    """

    def __init__(self, *, log_level: str = "ERROR") -> None:
        configure_logs("one-process", log_level)
        logging.getLogger("chassis").setLevel(log_level)
        self._parts = AsyncExitStack()
        self._services: list[Service] = []
        self._relays: list[RelaySettings] = []

    async def __aenter__(self) -> Self:
        folder = self._parts.enter_context(private_folder("longship-"))
        self._postgres = self._parts.enter_context(PostgresServer(folder / "postgresql"))
        self._nats = self._parts.enter_context(NatsServer(folder / "nats"))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._parts.__aexit__(kind, error, traceback)

    async def service(
        self, topology: ServiceTopology, *, tables: MetaData | None = None
    ) -> Service:
        """A service on a database of its own, with the chassis's tables and the given ones."""
        name = topology.service.replace("-", "_")
        database = await asyncio.to_thread(self._postgres.create_database, name)
        await asyncio.to_thread(upgrade, CHASSIS_ONLY, database.url)
        relay = RelaySettings(
            service_name=topology.service,
            database_url=database.url,
            nats_url=self._nats.url,
            poke_port=free_port(),
        )
        settings = ServiceSettings.model_validate(
            {
                "database_url": database.url,
                "nats_url": self._nats.url,
                "relay_poke_port": relay.poke_port,
            }
        )
        service = Service(settings, topology)
        if tables is not None:
            async with service.database.engine.begin() as connection:
                await connection.run_sync(tables.create_all)
        self._services.append(service)
        self._relays.append(relay)
        return service

    async def start(self) -> None:
        """Provision the streams of all services, then start the services and their relays."""
        client = await nats.connect(self._nats.url)
        await provision(client.jetstream(), [service.topology for service in self._services])
        await client.close()
        for settings in self._relays:
            self._run(await self._parts.enter_async_context(composed_relay(settings)))
        for service in self._services:
            lifespan = service.http.router.lifespan_context(service.http)
            await self._parts.enter_async_context(lifespan)

    def _run(self, relay: Relay) -> None:
        running = asyncio.create_task(relay.run())

        async def stop() -> None:
            relay.stop()
            await running

        self._parts.push_async_callback(stop)
