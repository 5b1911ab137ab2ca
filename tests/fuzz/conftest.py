"""Every service's HTTP application, composed as in production, on real migrated databases."""

import os
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest
from schemathesis.python import asgi

from chassis.persistence.migrations import upgrade
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


@pytest.fixture(autouse=True)
def lifespans_end() -> Iterator[None]:
    """Schemathesis starts applications and stops them at the end of the process only."""
    yield
    asgi.shutdown_lifespans()
