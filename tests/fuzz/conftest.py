"""Every service's HTTP application, composed as in production, on real migrated databases."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from typing import Any

import pytest
import uvicorn
from fuzz.history import forget, tell_history
from fuzz.services import HISTORY, until_ready
from schemathesis.python import asgi

from chassis.persistence.migrations import upgrade
from devkit.embedded.nats import NatsServer
from devkit.embedded.postgres import PostgresServer

NO_BROKER = "nats://127.0.0.1:1"


Compose = Callable[..., Any]


@pytest.fixture(scope="session")
def examples() -> int:
    """Requests of each kind for an operation; FUZZ_EXAMPLES asks for more."""
    return int(os.environ.get("FUZZ_EXAMPLES", "8"))


@pytest.fixture(scope="session")
def database_url(postgres_server: PostgresServer) -> Iterator[Callable[[str], str]]:
    """A migrated database for each package."""
    urls: dict[str, str] = {}

    def create(package: str) -> str:
        if package not in urls:
            urls[package] = postgres_server.create_database(f"fuzz_{package}").url
            upgrade(package, urls[package])
        return urls[package]

    yield create
    for package in urls:
        postgres_server.drop_database(f"fuzz_{package}")


@pytest.fixture(scope="session")
def compose(database_url: Callable[[str], str]) -> Compose:
    """Composes a service with the settings that it needs, and with those that are given."""

    def composed(name: str, **settings: Any) -> Any:
        package = name.replace("-", "_")
        kind = import_module(f"{package}.settings").Settings
        if "database_url" in kind.model_fields:
            settings = {"database_url": database_url(package), "nats_url": NO_BROKER} | settings
        return import_module(f"{package}.app").build(kind(**settings))

    return composed


@pytest.fixture
def served(compose: Compose) -> Iterator[Callable[..., str]]:
    """Serves a service over HTTP on a port of its own; returns its URL."""
    with ExitStack() as stack:
        yield lambda name, **settings: stack.enter_context(_serving(compose(name, **settings).http))


@pytest.fixture
def history(compose: Compose, nats_server: NatsServer) -> Any:
    """order-history-service, whose view is live: on its database, others read it as well."""
    tell_history(nats_server.url)
    app = compose(HISTORY, nats_url=nats_server.url, consistency_wait_seconds=0.05).http
    with asgi.get_client(app) as client:
        until_ready(lambda: client.get("http://history/readyz").status_code)
    return app


@pytest.fixture(autouse=True)
def lifespans_end() -> Iterator[None]:
    """Schemathesis starts applications and stops them at the end of the process only."""
    yield
    asgi.shutdown_lifespans()


@contextmanager
def _serving(app: Any) -> Iterator[str]:
    server = uvicorn.Server(
        uvicorn.Config(app, port=0, log_config=None, timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        [listening] = server.servers[0].sockets
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(autouse=True)
def streams_end(nats_server: NatsServer) -> Iterator[None]:
    """Other tests find a server without streams."""
    yield
    forget(nats_server.url)
