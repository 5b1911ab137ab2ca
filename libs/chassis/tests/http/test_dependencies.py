"""Routes are given what was provided where the service is composed."""

from typing import Annotated

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient

from chassis.http import provide, provided


class Clock:
    """Some collaborator."""

    now = "noon"


@pytest.fixture
def app() -> FastAPI:
    app = FastAPI()

    @app.get("/time")
    async def time(clock: Annotated[Clock, provided(Clock)]) -> str:
        return clock.now

    return app


async def ask(app: FastAPI) -> str:
    async with AsyncClient(transport=ASGITransport(app), base_url="http://clock") as client:
        return (await client.get("/time")).json()


async def test_a_route_is_given_a_collaborator_by_its_type(app: FastAPI):
    provide(app, Clock())

    assert await ask(app) == "noon"


async def test_a_collaborator_that_was_forgotten_is_named(app: FastAPI):
    with pytest.raises(LookupError, match="no Clock: call `provide"):
        await ask(app)
