"""A small application with every kind of route, on a real database."""

from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from typing import Annotated

import pytest
from fastapi import APIRouter, FastAPI, Query
from httpx import ASGITransport, AsyncClient
from prometheus_client import CollectorRegistry
from pydantic import BaseModel

from chassis.http import (
    Answer,
    Idempotency,
    ProblemType,
    Transaction,
    create_http_app,
    declare_problems,
    documented,
)
from chassis.http.idempotency import IDEMPOTENCY_KEY_REUSED
from chassis.persistence.database import Database, fetch_all
from chassis.persistence.tables import METADATA
from chassis.values import PositiveMoney
from devkit.embedded.postgres import Database as OwnDatabase


class Payment(BaseModel):
    payee: str
    amount: PositiveMoney


class Receipt(BaseModel):
    number: int
    amount: Decimal


class NoFundsError(Exception):
    """There is no money."""


NO_FUNDS = ProblemType(
    error=NoFundsError, status=409, name="no-funds", title="No funds", retry_after=30
)

router = APIRouter()


@router.post("/payments", status_code=201, responses=documented(NO_FUNDS, IDEMPOTENCY_KEY_REUSED))
async def pay(body: Payment, session: Transaction, idempotency: Idempotency):
    (count,) = (await fetch_all(session, "SELECT count(*) FROM payments"))[0]
    receipt = Receipt(number=count + 1, amount=body.amount)
    answer = Answer(status=201, body=receipt, headers={"Location": f"/payments/{count + 1}"})
    earlier = await idempotency.claim(session, body, answer)
    if earlier is not None:
        return earlier
    if body.payee == "nobody":
        raise NoFundsError("The account is empty; pay something in first")
    await fetch_all(session, "INSERT INTO payments VALUES ($1, $2)", body.payee, body.amount)
    return answer.to_response()


@router.get("/payments")
async def payments(session: Transaction, limit: Annotated[int, Query(ge=1, le=5)] = 5) -> int:
    rows = await fetch_all(session, "SELECT 1 FROM payments LIMIT $1", limit)
    return len(rows)


@router.get("/broken")
async def broken() -> None:
    raise RuntimeError("password=secret")


@router.get("/wrong-statement")
async def wrong_statement(session: Transaction) -> None:
    await fetch_all(session, "SELECT no_such_column")


@pytest.fixture
async def service_database(database: OwnDatabase) -> AsyncIterator[Database]:
    opened = Database(database.url)
    async with opened.engine.begin() as connection:
        await connection.run_sync(METADATA.create_all)
        await connection.exec_driver_sql(
            "CREATE TABLE payments (payee text, amount numeric(14, 2))"
        )
    yield opened
    await opened.close()


def application(database: Database) -> FastAPI:
    app = create_http_app("payments", database, registry=CollectorRegistry(), max_body_bytes=1000)
    app.include_router(router)
    declare_problems(app, NO_FUNDS)
    return app


@pytest.fixture
def app(service_database: Database) -> FastAPI:
    return application(service_database)


@pytest.fixture
async def new_client() -> AsyncIterator[Callable[[Database], AsyncClient]]:
    clients = []

    def create(database: Database) -> AsyncClient:
        # the server answers a bug and logs it; it does not fall over
        transport = ASGITransport(application(database), raise_app_exceptions=False)
        clients.append(AsyncClient(transport=transport, base_url="http://payments"))
        return clients[-1]

    yield create
    for client in clients:
        await client.aclose()


@pytest.fixture
def client(service_database: Database, new_client: Callable[[Database], AsyncClient]):
    return new_client(service_database)
