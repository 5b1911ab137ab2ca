"""Every error is a problem (RFC 9457)."""

import pytest
from httpx import AsyncClient, Response

from chassis.persistence.database import Database
from devkit.embedded.postgres import PostgresServer

PAYMENT = {"payee": "anna", "amount": "14.00"}
KEY = {"Idempotency-Key": "k1"}


def problem(response: Response, status: int) -> dict:
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == status
    return body


async def test_a_domain_error_is_the_problem_that_the_service_declared(client: AsyncClient):
    response = await client.post("/payments", json=PAYMENT | {"payee": "nobody"}, headers=KEY)

    assert problem(response, 409) == {
        "type": "urn:longship:problem:no-funds",
        "title": "No funds",
        "status": 409,
        "detail": "The account is empty; pay something in first",
    }
    assert response.headers["retry-after"] == "30"


async def test_a_domain_error_rolls_the_transaction_back(client: AsyncClient):
    await client.post("/payments", json=PAYMENT | {"payee": "nobody"}, headers=KEY)
    again = await client.post("/payments", json=PAYMENT, headers=KEY)

    assert again.status_code == 201
    assert "idempotent-replayed" not in again.headers


async def test_values_that_are_not_valid_are_listed_with_pointers(client: AsyncClient):
    response = await client.post("/payments", json={"amount": "-1"})

    assert [(error["in"], error["pointer"]) for error in problem(response, 422)["errors"]] == [
        ("header", "#/Idempotency-Key"),
        ("body", "#/payee"),
        ("body", "#/amount"),
    ]


async def test_a_query_parameter_out_of_range_is_a_422(client: AsyncClient):
    errors = problem(await client.get("/payments", params={"limit": 6}), 422)["errors"]

    assert errors == [
        {"detail": "Input should be less than or equal to 5", "in": "query", "pointer": "#/limit"}
    ]


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "0", "0.001", "1e999999", 10**400, None])
async def test_amounts_that_are_no_money_are_a_422(client: AsyncClient, amount: object):
    problem(await client.post("/payments", json=PAYMENT | {"amount": amount}, headers=KEY), 422)


async def test_a_bare_nan_in_the_body_is_a_422(client: AsyncClient):
    """Python's JSON reader takes it, and no answer may fail over it."""
    body = '{"payee": "anna", "amount": NaN}'
    headers = KEY | {"Content-Type": "application/json"}
    problem(await client.post("/payments", content=body, headers=headers), 422)


@pytest.mark.parametrize(
    "body",
    [b"{", b"\xff", b"[" * 900, b"9" * 900 + b"e"],
    ids=["cut off", "not UTF-8", "deep", "number"],
)
async def test_a_body_that_is_not_json_is_a_400(client: AsyncClient, body: bytes):
    headers = KEY | {"Content-Type": "application/json"}
    problem(await client.post("/payments", content=body, headers=headers), 400)


async def test_a_body_of_another_media_type_is_a_422(client: AsyncClient):
    headers = KEY | {"Content-Type": "text/plain"}
    problem(await client.post("/payments", content="{}", headers=headers), 422)


async def test_an_unknown_route_is_a_404(client: AsyncClient):
    assert problem(await client.get("/nowhere"), 404)["title"] == "Not Found"


async def test_a_wrong_method_is_a_405_that_says_which_are_allowed(client: AsyncClient):
    response = await client.delete("/payments")

    problem(response, 405)
    assert response.headers["allow"] == "GET, POST"


async def test_a_bug_is_a_500_that_gives_nothing_away(client: AsyncClient):
    response = await client.get("/broken")

    problem(response, 500)
    assert "secret" not in response.text


async def test_a_wrong_statement_is_a_bug_and_no_outage(client: AsyncClient):
    problem(await client.get("/wrong-statement"), 500)


async def test_without_its_database_the_service_asks_to_try_again(
    fresh_postgres_server: PostgresServer, new_client
):
    own = fresh_postgres_server.create_database("payments")
    database = Database(own.url)
    client = new_client(database)
    fresh_postgres_server.stop()

    response = await client.get("/payments")

    problem(response, 503)
    assert response.headers["retry-after"] == "1"
    await database.close()


async def test_a_connection_lost_in_the_middle_asks_to_try_again(
    fresh_postgres_server: PostgresServer, new_client
):
    own = fresh_postgres_server.create_database("payments")
    database = Database(own.url)
    client = new_client(database)
    fresh_postgres_server.execute("CREATE TABLE payments (payee text)", database="payments")
    fresh_postgres_server.execute("ALTER TABLE payments OWNER TO payments", database="payments")
    assert (await client.get("/payments")).status_code == 200

    fresh_postgres_server.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'payments'"
    )

    problem(await client.get("/payments"), 503)
    assert (await client.get("/payments")).status_code == 200
    await database.close()
