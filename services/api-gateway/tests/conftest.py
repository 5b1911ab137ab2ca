"""The gateway as it is composed in production, between a client and services that stand in."""

import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from httpx import ASGITransport, AsyncClient

from api_gateway.app import Gateway, build
from api_gateway.services import (
    CUSTOMER_SERVICE,
    INVENTORY_SERVICE,
    ORDER_HISTORY_SERVICE,
    ORDER_SERVICE,
    SHIPPING_SERVICE,
)
from api_gateway.settings import Settings
from devkit.issuer import AUDIENCE, ISSUER, Issuer, new_issuer
from devkit.standins import StandIns, stand_ins

SERVICES = (
    ORDER_SERVICE,
    CUSTOMER_SERVICE,
    INVENTORY_SERVICE,
    SHIPPING_SERVICE,
    ORDER_HISTORY_SERVICE,
)

NewClient = Callable[..., AsyncClient]


@pytest.fixture(scope="session")
def issuer() -> Issuer:
    return new_issuer()


@pytest.fixture(scope="session")
def jwks_file(issuer: Issuer) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "jwks.json"
        path.write_text(issuer.jwks)
        yield path


@pytest.fixture
async def services() -> AsyncIterator[StandIns]:
    async with stand_ins() as services:
        yield services


@pytest.fixture
def settings(services: StandIns, jwks_file: Path) -> Settings:
    urls = {f"{name.replace('-', '_')}_url": services.url(name) for name in SERVICES}
    return Settings(jwks_file=jwks_file, token_issuer=ISSUER, token_audience=AUDIENCE, **urls)


@pytest.fixture
async def new_gateway(settings: Settings) -> AsyncIterator[Callable[..., Gateway]]:
    """Composes a gateway; keywords are settings that differ."""
    async with AsyncExitStack() as stack:

        def compose(**differing: object) -> Gateway:
            gateway = build(settings.model_copy(update=differing))
            stack.push_async_callback(gateway.close)
            return gateway

        yield compose


@pytest.fixture
async def new_client(new_gateway: Callable[..., Gateway]) -> AsyncIterator[NewClient]:
    """A client of a gateway of its own, with a token or without one."""
    async with AsyncExitStack() as stack:

        def connect(token: str | None = None, **differing: object) -> AsyncClient:
            headers = {} if token is None else {"Authorization": f"Bearer {token}"}
            transport = ASGITransport(new_gateway(**differing).http, raise_app_exceptions=False)
            client = AsyncClient(transport=transport, base_url="http://gateway", headers=headers)
            stack.push_async_callback(client.aclose)
            return client

        yield connect


@pytest.fixture
def staff(issuer: Issuer) -> str:
    return issuer.token("clerk", scopes=["staff"])


@pytest.fixture
def anna(issuer: Issuer) -> str:
    """The token of the customer ANNA."""
    scopes = ["orders:read", "orders:write"]
    return issuer.token("anna", scopes=scopes, customer_id="ANNA")
