"""A service's HTTP application, with everything that is the same in all of them."""

from collections import ChainMap
from collections.abc import Mapping

from fastapi import FastAPI
from faststream.nats import NatsBroker
from prometheus_client import REGISTRY, CollectorRegistry
from starlette.types import Lifespan

from chassis.http.body_limit import MEBIBYTE, BodyLimitMiddleware
from chassis.http.deadline import DeadlineMiddleware
from chassis.http.dependencies import provide
from chassis.http.failures import install_failure_handlers
from chassis.http.health import Check, connects, health_routes, reaches
from chassis.http.idempotency import IDEMPOTENCY_KEY_REUSED
from chassis.http.measuring import MeasuringMiddleware
from chassis.http.metrics import BeforeScrape, metrics_routes
from chassis.http.openapi import document_problems
from chassis.http.problems import declare_problems
from chassis.persistence.database import Database
from chassis.telemetry.http import REQUEST_SPANS


def create_http_app(
    title: str,
    database: Database | None = None,
    *,
    broker: NatsBroker | None = None,
    reported: Mapping[str, Check] | None = None,
    required: dict[str, Check] | None = None,
    registry: CollectorRegistry = REGISTRY,
    before_scrape: BeforeScrape | None = None,
    max_body_bytes: int = MEBIBYTE,
    lifespan: Lifespan[FastAPI] | None = None,
) -> FastAPI:
    """An application with health, metrics and problems; a service includes its routers.

    Readiness requires the database, where there is one, and what is `required` besides, which may
    grow later. It only reports the broker: without it a service still accepts requests, into its
    outbox. It also reports what else it is given as `reported`. Routes take `Transaction` for a
    transaction on the database.
    """
    app = FastAPI(title=title, version="1", lifespan=lifespan, telemetry=REQUEST_SPANS)
    app.add_middleware(BodyLimitMiddleware, limit=max_body_bytes)
    app.add_middleware(DeadlineMiddleware)
    app.add_middleware(MeasuringMiddleware)
    install_failure_handlers(app)
    declare_problems(app, IDEMPOTENCY_KEY_REUSED)
    document_problems(app)
    if database is not None:
        provide(app, database)
    needed = {} if database is None else {"database": reaches(database)}
    connected = {} if broker is None else {"nats": connects(broker)}
    app.include_router(
        health_routes(
            required=ChainMap({} if required is None else required, needed),
            reported={**connected, **(reported or {})},
        )
    )
    app.include_router(metrics_routes(registry, before_scrape))
    return app
