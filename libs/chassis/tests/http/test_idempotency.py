"""A request that is sent again with its key is answered again, and done once."""

import asyncio

import pytest
from httpx import AsyncClient

from chassis.persistence.database import Database, fetch_all

PAYMENT = {"payee": "anna", "amount": "14.00"}
KEY = {"Idempotency-Key": "k1"}


async def payments(database: Database) -> int:
    async with database.sessions.begin() as session:
        return len(await fetch_all(session, "SELECT 1 FROM payments"))


async def test_the_same_request_gets_the_same_answer(
    client: AsyncClient, service_database: Database
):
    first = await client.post("/payments", json=PAYMENT, headers=KEY)
    again = await client.post("/payments", json=PAYMENT, headers=KEY)

    assert first.status_code == again.status_code == 201
    assert first.content == again.content == b'{"number":1,"amount":"14.00"}'
    assert first.headers["location"] == again.headers["location"]
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert await payments(service_database) == 1


async def test_the_same_request_written_in_another_way_is_the_same_request(client: AsyncClient):
    await client.post("/payments", json=PAYMENT, headers=KEY)
    again = await client.post("/payments", json={"amount": 14, "payee": "anna"}, headers=KEY)

    assert again.headers["idempotent-replayed"] == "true"


async def test_another_request_with_the_same_key_is_a_422(
    client: AsyncClient, service_database: Database
):
    await client.post("/payments", json=PAYMENT, headers=KEY)
    other = await client.post("/payments", json=PAYMENT | {"amount": "15.00"}, headers=KEY)

    assert other.status_code == 422
    assert other.json()["type"] == "urn:longship:problem:idempotency-key-reused"
    assert await payments(service_database) == 1


async def test_of_many_requests_at_the_same_time_one_is_done_and_all_get_its_answer(
    client: AsyncClient, service_database: Database
):
    answers = await asyncio.gather(
        *(client.post("/payments", json=PAYMENT, headers=KEY) for _ in range(8))
    )

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotent-replayed" in answer.headers for answer in answers) == 7
    assert await payments(service_database) == 1


@pytest.mark.parametrize("key", ["", "a" * 201, "with space", "é"])
async def test_a_key_that_is_empty_long_or_not_printable_is_a_422(client: AsyncClient, key: str):
    headers = {"Idempotency-Key": key.encode("latin-1")}
    response = await client.post("/payments", json=PAYMENT, headers=headers)

    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "#/Idempotency-Key"
