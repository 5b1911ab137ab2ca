"""What the process of any service has: an HTTP application, what runs beside it, and their life."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import structlog
import uvicorn
from fastapi import FastAPI
from faststream.nats import NatsBroker

from chassis.http.application import create_http_app
from chassis.http.health import Check
from chassis.http.metrics import BeforeScrape
from chassis.logs import configure_logs
from chassis.memory import settle_memory
from chassis.metrics import catalogue
from chassis.metrics.build_info import tell_build
from chassis.persistence.database import Database
from chassis.settings import HttpSettings
from chassis.tasks import end
from chassis.telemetry.http import trace_http_clients
from chassis.telemetry.setup import configure_tracing, shut_down_tracing
from chassis.telemetry.switch import Switch, tracing_switch

log = structlog.get_logger(__name__)

_BUILD_INFO = catalogue.BUILD_INFO.gauge()

Running = Callable[[], Coroutine[Any, Any, None]]


class HttpService:
    """A service that answers over HTTP; one that also has messaging is a `chassis.service.Service`.

    `name` is the deployable's. `reported` parts are shown by `/readyz`, and it is ready without
    them; it is not without those that are put into `required`.
    """

    def __init__(
        self,
        name: str,
        settings: HttpSettings,
        *,
        database: Database | None = None,
        broker: NatsBroker | None = None,
        reported: Mapping[str, Check] | None = None,
        before_scrape: BeforeScrape | None = None,
    ) -> None:
        self.name = name
        self.settings = settings
        self.required: dict[str, Check] = {}
        self.http: FastAPI = create_http_app(
            name,
            database,
            broker=broker,
            reported=reported,
            required=self.required,
            max_body_bytes=settings.max_body_bytes,
            before_scrape=before_scrape,
            lifespan=self._lifespan,
        )
        self.beside: dict[str, Running] = {}
        tell_build(_BUILD_INFO, service_name=name, distribution=name)

    def run_beside(self, name: str, run: Running) -> None:
        """Run this in the service's process as long as it serves; it is cancelled at the end."""
        self.beside[name] = run

    def trace(self) -> Switch:
        """Switch tracing on where the environment says so: of requests from here, too."""
        switch = configure_tracing(self.name)
        trace_http_clients()
        return switch

    async def close(self) -> None:
        """Give back what is held, when nothing runs any more."""

    def what_is_on(self) -> Mapping[str, object]:
        """What the log says at the start."""
        return {
            "http": f"on: {self.settings.http_host}:{self.settings.http_port}",
            "metrics": "on: /metrics",
            "beside": sorted(self.beside),
            "tracing": str(tracing_switch(os.environ)),
        }

    @asynccontextmanager
    async def _lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(run(), name=name) for name, run in self.beside.items()]
        log.info("started", **self.what_is_on())
        try:
            yield
        finally:
            await end(*tasks)
            await self.close()
            log.info("stopped")


def run(service: HttpService) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is in flight: requests, batches, sagas."""
    settings = service.settings
    tracing = service.trace()
    configure_logs(service.name, settings.log_level, traced=tracing.on)
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
