"""customer-service over HTTP, on a real database."""

import asyncio

import pytest
from httpx import AsyncClient, Response

from chassis.http.consistency import CONSISTENCY_TOKEN, decode_tokens
from chassis.persistence.database import Database
from chassis.testing.outbox import outbox_messages
from chassis.testing.statements import recorded_statements
from customer_service.messaging.contracts import CustomerRegistered

ALFKI = {"name": "Alfreds Futterkiste", "country": "Germany", "credit_limit": "1000.00"}


def problem(response: Response, status: int) -> dict:
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    return response.json()


async def test_a_customer_is_registered_corrected_and_shown(client: AsyncClient):
    first = await client.put("/customers/ALFKI", json=ALFKI)
    again = await client.put("/customers/ALFKI", json=ALFKI | {"credit_limit": "1200"})

    assert (first.status_code, again.status_code) == (201, 200)
    assert (await client.get("/customers/ALFKI")).json() == {
        "customer_id": "ALFKI",
        "name": "Alfreds Futterkiste",
        "country": "Germany",
        "credit_limit": "1200.00",
        "reserved": "0.00",
        "confirmed": "0.00",
        "available": "1200.00",
    }


async def test_a_customer_registered_twice_at_the_same_time_is_new_once(client: AsyncClient):
    answers = await asyncio.gather(*(client.put("/customers/ALFKI", json=ALFKI) for _ in range(6)))

    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [201]


async def test_whoever_listens_is_told_what_a_customer_is_from_now_on(
    client: AsyncClient, service_database: Database
):
    await client.put("/customers/ALFKI", json=ALFKI)
    await client.put("/customers/ALFKI", json=ALFKI | {"name": "Alfreds"})
    await client.put("/customers/ALFKI", json=ALFKI | {"credit_limit": "-1"})

    told = await outbox_messages(service_database)
    assert {message.key for message in told} == {"ALFKI"}
    assert [CustomerRegistered.from_body(message.body) for message in told] == [
        CustomerRegistered(customer_id="ALFKI", name=name, country="Germany")
        for name in ("Alfreds Futterkiste", "Alfreds")
    ]


async def test_the_token_of_a_customer_names_the_event_that_tells_of_it(
    client: AsyncClient, service_database: Database
):
    answers = [await client.put("/customers/ALFKI", json=ALFKI) for _ in range(2)]

    told = await outbox_messages(service_database)
    named = [decode_tokens(answer.headers[CONSISTENCY_TOKEN]) for answer in answers]
    assert named == [{message.message_id} for message in told]


async def test_registering_a_customer_and_telling_it_are_two_statements(
    client: AsyncClient, service_database: Database
):
    with recorded_statements(service_database) as statements:
        await client.put("/customers/ALFKI", json=ALFKI)

    assert [statement.split()[:3] for statement in statements] == [
        ["INSERT", "INTO", "customers"],
        ["INSERT", "INTO", "outbox"],
    ]


async def test_an_unknown_customer_is_a_404(client: AsyncClient):
    for path in ("/customers/NOBODY", "/customers/NOBODY/reservations"):
        answer = problem(await client.get(path), 404)
        assert answer["type"] == "urn:longship:problem:customer-not-found"


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"credit_limit": "-0.01"}, "#/credit_limit"),
        ({"credit_limit": "1.001"}, "#/credit_limit"),
        ({"credit_limit": "NaN"}, "#/credit_limit"),
        ({"credit_limit": "Infinity"}, "#/credit_limit"),
        ({"credit_limit": "1000000000000.00"}, "#/credit_limit"),
        ({"credit_limit": None}, "#/credit_limit"),
        ({"name": ""}, "#/name"),
        ({"name": "a\u0000b"}, "#/name"),
        ({"country": "x" * 201}, "#/country"),
    ],
)
async def test_details_that_are_not_valid_are_a_422(client: AsyncClient, wrong: dict, pointer: str):
    answer = problem(await client.put("/customers/ALFKI", json=ALFKI | wrong), 422)

    assert [error["pointer"] for error in answer["errors"]] == [pointer]


@pytest.mark.parametrize("number", ["a" * 65, "with space", "ü", "a%00b"])
async def test_a_customer_number_that_is_none_is_a_422(client: AsyncClient, number: str):
    problem(await client.put(f"/customers/{number}", json=ALFKI), 422)


async def test_a_body_that_is_not_json_is_a_400(client: AsyncClient):
    headers = {"Content-Type": "application/json"}
    problem(await client.put("/customers/ALFKI", content="{", headers=headers), 400)


async def test_a_body_of_two_megabytes_is_a_413(client: AsyncClient):
    response = await client.put("/customers/ALFKI", json=ALFKI | {"name": "x" * 2_000_000})

    problem(response, 413)


async def test_customers_are_listed_a_page_at_a_time(client: AsyncClient):
    for number in ("C", "A", "B"):
        await client.put(f"/customers/{number}", json=ALFKI)

    first = (await client.get("/customers", params={"limit": 2})).json()
    rest = (await client.get("/customers", params={"limit": 2, "after": "B"})).json()

    assert [customer["customer_id"] for customer in first] == ["A", "B"]
    assert [customer["customer_id"] for customer in rest] == ["C"]


@pytest.mark.parametrize("limit", ["0", "1001", "many"])
async def test_a_page_of_an_impossible_size_is_a_422(client: AsyncClient, limit: str):
    problem(await client.get("/customers", params={"limit": limit}), 422)


async def test_the_service_is_ready_without_its_broker(client: AsyncClient):
    response = await client.get("/readyz")

    assert response.status_code == 200
    checks = response.json()["checks"]
    assert {name: part["status"] for name, part in checks.items()} == {
        "nats": "down",
        "database": "up",
    }


async def test_every_status_is_documented(client: AsyncClient):
    paths = (await client.get("/openapi.json")).json()["paths"]

    documented = {
        f"{method} {path}": sorted(operation["responses"])
        for path, operations in paths.items()
        for method, operation in operations.items()
        if path.startswith("/customers")
    }
    assert documented == {
        "put /customers/{customer_id}": [
            *("200", "201", "400", "409", "413", "422", "500", "503", "504"),
        ],
        "get /customers/{customer_id}": ["200", "304", "400", "404", "422", "500", "503", "504"],
        "get /customers": ["200", "400", "422", "500", "503", "504"],
        "get /customers/{customer_id}/reservations": [
            "200",
            "400",
            "404",
            "422",
            "500",
            "503",
            "504",
        ],
    }
