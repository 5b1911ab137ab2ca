"""What runs where: the topology of a whole run."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial

import httpx

from chassis.messaging.permissions import PROVISIONER, platform_users
from chassis.messaging.topology import ServiceTopology
from devkit.carrier import Carrier
from devkit.concurrency import together
from devkit.deployables import (
    API_GATEWAY,
    BEHIND_THE_GATEWAY,
    SERVICES,
    SHIPPING_SERVICE,
    Deployable,
    deployables,
    relay_of,
    topologies,
)
from devkit.embedded.nats import NatsServer
from devkit.embedded.nats_accounts import OBSERVER, NatsAccounts
from devkit.embedded.postgres import Database, PostgresServer
from devkit.embedded.server import EmbeddedServer
from devkit.issuer import AUDIENCE, ISSUER, Issuer, issuer_in
from devkit.keeper import Report, Supervised
from devkit.ports import LOOPBACK
from devkit.preparing import migrate, provision_streams
from devkit.probes import http_probe, server_probe
from devkit.processes import Supervisor
from devkit.program import Program
from devkit.run_folder import RunFolder

NATS = "nats"
POSTGRESQL = "postgresql"

# Ours to give: a value from the developer's shell would lead a service elsewhere
_OWN_SETTINGS = {
    *("DATABASE_URL", "DATABASE_URL_FILE", "NATS_URL", "NATS_URL_FILE"),
    *("JWKS_FILE", "JWKS_URL"),
}
_UNLIMITED = "1000000/second"


@dataclass(frozen=True, kw_only=True, slots=True)
class Addresses:
    """Where everything can be reached: base URLs by service, for those that have the part.

    `nats` is for looking on: it hears and reads everything, and changes nothing. `guests` are the
    users of services that run elsewhere, by name.
    """

    http: Mapping[str, str]
    relays: Mapping[str, str]
    nats: str
    postgresql: Mapping[str, str]
    guests: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Platform:
    """The platform while it runs; `start_late` starts the services that were left for later."""

    addresses: Addresses
    supervisor: Supervisor
    folder: RunFolder
    issuer: Issuer
    start_late: Callable[[], Awaitable[None]]


@asynccontextmanager
async def running_platform(
    folder: RunFolder,
    report: Report,
    *,
    services: Sequence[str] = SERVICES,
    late: Collection[str] = (),
    carrier: Carrier | None = None,
    environment: Mapping[str, str] | None = None,
    guests: Sequence[ServiceTopology] = (),
) -> AsyncIterator[Platform]:
    """Start everything, wait until it is ready, and stop it all at the end.

    Services that are ``late`` have their databases, streams and relays, and are not started yet.
    Without a ``carrier``, shipping-service's own settings tell how it behaves. ``environment`` is
    for services and relays, in addition to what they inherit. ``guests`` are services that run
    elsewhere: NATS knows their users and what they declare.
    ``report`` gets a line for every step and for every process that dies. Raises
    ProgramFailedError or NotPreparedError where something does not start.
    """
    async with Supervisor(report) as supervisor, httpx.AsyncClient(trust_env=False) as client:
        start = _Start(
            folder,
            supervisor,
            client,
            report,
            services=services,
            late=late,
            carrier=carrier,
            environment=environment or {},
            guests=guests,
        )
        yield await start.everything()


class _Start:
    def __init__(
        self,
        folder: RunFolder,
        supervisor: Supervisor,
        client: httpx.AsyncClient,
        report: Report,
        *,
        services: Sequence[str],
        late: Collection[str],
        carrier: Carrier | None,
        environment: Mapping[str, str],
        guests: Sequence[ServiceTopology],
    ) -> None:
        self._deployables = deployables(services)
        self._late = late
        self._carrier_settings = {} if carrier is None else carrier.settings
        self._folder = folder
        self._supervisor = supervisor
        self._client = client
        self._report = report
        self._environment = environment
        self._guests = guests
        self._issuer = issuer_in(folder)

    async def everything(self) -> Platform:
        self._report("starting NATS and PostgreSQL")
        postgres, nats = await self._servers()
        databases = {
            one.name: await self._database(postgres, one)
            for one in self._deployables
            if one.database
        }
        self._report("migrating the databases and provisioning JetStream")
        await self._prepare(databases, nats)
        settings = {
            one.name: self._settings(one, databases.get(one.name), nats)
            for one in self._deployables
        }
        self._report("starting the services and their relays")
        programs = {one.name: self._service(one, settings[one.name]) for one in self._deployables}
        relays = (
            self._relay(one, settings[one.name], databases[one.name], nats)
            for one in self._deployables
            if one.relay
        )
        await self._supervisor.start(
            *(program for name, program in programs.items() if name not in self._late), *relays
        )
        return Platform(
            addresses=self._addresses(settings, databases, nats),
            supervisor=self._supervisor,
            folder=self._folder,
            issuer=self._issuer,
            start_late=partial(self._supervisor.start, *(programs[name] for name in self._late)),
        )

    def _addresses(
        self,
        settings: Mapping[str, Mapping[str, str]],
        databases: Mapping[str, Database],
        nats: NatsServer,
    ) -> Addresses:
        return Addresses(
            http={name: _http_url(given["HTTP_PORT"]) for name, given in settings.items()},
            relays={
                name: _http_url(given["RELAY_METRICS_PORT"])
                for name, given in settings.items()
                if "RELAY_METRICS_PORT" in given
            },
            nats=nats.url_of(OBSERVER.name),
            postgresql={name: database.url for name, database in databases.items()},
            guests={guest.service: nats.url_of(guest.service) for guest in self._guests},
        )

    async def _servers(self) -> tuple[PostgresServer, NatsServer]:
        at = self._folder
        postgres = PostgresServer(at.path / POSTGRESQL, durable=True, port=at.port(POSTGRESQL))
        nats = NatsServer(
            at.path / NATS, durable=True, port=at.port(NATS), accounts=_nats_accounts(self._guests)
        )
        await self._supervisor.start(
            self._server(POSTGRESQL, postgres),
            self._server(NATS, nats),
        )
        return postgres, nats

    def _server(self, name: str, server: EmbeddedServer) -> Supervised:
        program = replace(server.program(), name=name, log=self._folder.log(name))
        return Supervised(program=program, is_ready=server_probe(server))

    async def _database(self, postgres: PostgresServer, deployable: Deployable) -> Database:
        return await asyncio.to_thread(postgres.create_database, deployable.package)

    def _settings(
        self, deployable: Deployable, database: Database | None, nats: NatsServer
    ) -> dict[str, str]:
        service = deployable.name
        urls = {} if database is None else {"database_url": database.url}
        urls |= {"nats_url": nats.url_of(service)} if deployable.messaging else {}
        return {
            **self._environment,
            "SERVICE_NAME": service,
            **self._secrets(service, **urls),
            "HTTP_HOST": LOOPBACK,
            "HTTP_PORT": str(self._folder.port(service)),
            **(self._relay_ports(service) if deployable.relay else {}),
            **(self._carrier_settings if service == SHIPPING_SERVICE else {}),
            **(self._gateway_settings() if service == API_GATEWAY else {}),
        }

    def _gateway_settings(self) -> dict[str, str]:
        urls = {
            f"{name.upper().replace('-', '_')}_URL": _http_url(str(self._folder.port(name)))
            for name in BEHIND_THE_GATEWAY
        }
        jwks = self._folder.path / "jwks.json"
        jwks.write_text(self._issuer.jwks)
        return {
            **urls,
            "JWKS_FILE": str(jwks),
            "TOKEN_ISSUER": ISSUER,
            "TOKEN_AUDIENCE": AUDIENCE,
            # one subject at one address does everything here
            "SUBJECT_RATE": _UNLIMITED,
            "ADDRESS_RATE": _UNLIMITED,
        }

    def _relay_ports(self, service: str) -> dict[str, str]:
        return {
            "RELAY_POKE_PORT": str(self._folder.port(f"{service} poke")),
            "RELAY_METRICS_PORT": str(self._folder.port(relay_of(service))),
        }

    def _secrets(self, name: str, **secrets: str) -> dict[str, str]:
        """Settings that name files with the secrets."""
        return {
            f"{secret.upper()}_FILE": str(
                self._folder.secret(f"{name}-{secret.replace('_', '-')}", value)
            )
            for secret, value in secrets.items()
        }

    async def _prepare(self, databases: Mapping[str, Database], nats: NatsServer) -> None:
        urls = {database.name: database.url for database in databases.values()}
        await together(
            migrate(urls),
            provision_streams(nats.url_of(PROVISIONER), (*topologies(), *self._guests)),
        )

    def _service(self, deployable: Deployable, settings: Mapping[str, str]) -> Supervised:
        argv = (sys.executable, "-m", deployable.package)
        program = self._program(deployable.name, argv, settings)
        return self._answering(program, f"{_http_url(settings['HTTP_PORT'])}/readyz")

    def _relay(
        self,
        deployable: Deployable,
        settings: Mapping[str, str],
        database: Database,
        nats: NatsServer,
    ) -> Supervised:
        name = relay_of(deployable.name)
        own = self._secrets(name, database_url=database.relay_url, nats_url=nats.url_of(name))
        argv = (sys.executable, "-m", "chassis.relay")
        program = self._program(name, argv, {**settings, **own})
        return self._answering(program, f"{_http_url(settings['RELAY_METRICS_PORT'])}/livez")

    def _answering(self, program: Program, url: str) -> Supervised:
        return Supervised(program=program, is_ready=http_probe(self._client, url))

    def _program(self, name: str, argv: tuple[str, ...], settings: Mapping[str, str]) -> Program:
        inherited = {name: os.environ[name] for name in os.environ.keys() - _OWN_SETTINGS}
        return Program(
            name=name,
            argv=argv,
            env={**inherited, **settings},
            log=self._folder.log(name),
            cwd=self._folder.path,
        )


def _nats_accounts(guests: Sequence[ServiceTopology]) -> NatsAccounts:
    """Users as in a cluster, and one for a developer who looks on."""
    return NatsAccounts((*platform_users((*topologies(), *guests)), OBSERVER))


def _http_url(port: str) -> str:
    return f"http://{LOOPBACK}:{port}"
