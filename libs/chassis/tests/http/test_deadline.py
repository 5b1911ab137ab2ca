"""A caller says how long it waits, and no work goes on for nobody."""

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient

from chassis.http import Transaction
from chassis.http.deadline import TIMEOUT_HEADER, Deadline, caller_deadline
from chassis.persistence.database import Database, fetch_all


@pytest.fixture
def app(app: FastAPI) -> FastAPI:
    @app.get("/slow")
    async def slow(session: Transaction) -> None:
        await fetch_all(session, "INSERT INTO payments VALUES ('slow', 1)")
        await fetch_all(session, "SELECT pg_sleep(30)")

    @app.get("/remaining")
    async def remaining() -> float | None:
        deadline = caller_deadline.get()
        return None if deadline is None else deadline.remaining

    return app


@pytest.fixture
async def client(app: FastAPI):
    async with AsyncClient(transport=ASGITransport(app), base_url="http://payments") as client:
        yield client


async def test_work_that_takes_longer_than_its_caller_waits_is_stopped_and_undone(
    client: AsyncClient, service_database: Database
):
    answer = await client.get("/slow", headers={TIMEOUT_HEADER: "300"})

    assert (answer.status_code, answer.headers["content-type"]) == (504, "application/problem+json")
    async with service_database.sessions.begin() as session:
        running = "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'"
        assert not await fetch_all(session, running)
        assert not await fetch_all(session, "SELECT 1 FROM payments")


async def test_the_service_goes_on_with_as_many_connections_as_before(client: AsyncClient):
    for _ in range(12):
        await client.get("/slow", headers={TIMEOUT_HEADER: "50"})

    assert (await client.get("/payments")).status_code == 200


async def test_a_route_can_see_how_much_time_is_left(client: AsyncClient):
    told = (await client.get("/remaining", headers={TIMEOUT_HEADER: "60000"})).json()

    assert 0 < told <= 60
    assert (await client.get("/remaining")).json() is None


@pytest.mark.parametrize("value", ["", "0", "-5", "1.5", "soon", "٣", "1" * 10])
async def test_a_value_that_is_no_time_is_a_400(client: AsyncClient, value: str):
    answer = await client.get("/payments", headers={TIMEOUT_HEADER: value.encode()})

    assert answer.status_code == 400
    assert TIMEOUT_HEADER in answer.json()["detail"]


def test_what_is_passed_on_is_what_is_left():
    deadline = Deadline.after(2.5)

    assert 0 < int(deadline.header()[TIMEOUT_HEADER]) <= 2500
    assert deadline.within(60) is deadline
    assert deadline.within(0.5).remaining <= 0.5
    assert Deadline.after(-1).header() == {TIMEOUT_HEADER: "1"}
