"""An answer that the client has kept is not sent again while it holds."""

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from pydantic import BaseModel
from starlette.responses import Response

from chassis.http import create_http_app
from chassis.http.validators import Validators, revalidated


class Price(BaseModel):
    amount: int


@pytest.fixture
def app() -> FastAPI:
    app = create_http_app("prices")
    app.state.amount = 3

    @app.get("/price", response_model=Price, responses=revalidated())
    async def price(validators: Validators) -> Response:
        return validators.answer(Price(amount=app.state.amount))

    return app


@pytest.fixture
async def client(app: FastAPI):
    async with AsyncClient(transport=ASGITransport(app), base_url="http://prices") as client:
        yield client


async def test_an_answer_that_still_holds_is_a_304_without_a_body(client: AsyncClient):
    first = await client.get("/price")
    again = await client.get("/price", headers={"If-None-Match": first.headers["etag"]})

    assert (first.status_code, first.json()) == (200, {"amount": 3})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert first.headers["cache-control"] == "private, no-cache"


@pytest.mark.parametrize("form", ["W/{}", '"other", {}', "*"])
async def test_tags_come_in_all_their_forms(client: AsyncClient, form: str):
    tag = (await client.get("/price")).headers["etag"]
    again = await client.get("/price", headers={"If-None-Match": form.format(tag)})

    assert again.status_code == 304


async def test_what_has_changed_is_sent(client: AsyncClient, app: FastAPI):
    tag = (await client.get("/price")).headers["etag"]
    app.state.amount = 4
    again = await client.get("/price", headers={"If-None-Match": tag})

    assert (again.status_code, again.json()) == (200, {"amount": 4})


async def test_the_document_says_304(app: FastAPI):
    operation = app.openapi()["paths"]["/price"]["get"]

    assert "304" in operation["responses"]
    assert operation["responses"]["200"]["content"]["application/json"]["schema"]
