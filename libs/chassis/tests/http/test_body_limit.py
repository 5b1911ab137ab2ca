"""Bodies that are too large are refused, announced or not."""

from collections.abc import AsyncIterator

from httpx import AsyncClient

HEADERS = {"Idempotency-Key": "k1", "Content-Type": "application/json"}


async def chunks(number: int) -> AsyncIterator[bytes]:
    for _ in range(number):
        yield b" " * 100


async def test_a_body_that_announces_too_much_is_a_413(client: AsyncClient):
    response = await client.post("/payments", content=b" " * 2_000_000, headers=HEADERS)

    assert response.status_code == 413
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["detail"] == "The body may have 1000 bytes at the most"


async def test_a_body_that_grows_too_large_is_a_413(client: AsyncClient):
    response = await client.post("/payments", content=chunks(11), headers=HEADERS)

    assert response.status_code == 413
    assert response.headers["content-type"] == "application/problem+json"


async def test_a_body_of_just_the_limit_is_read(client: AsyncClient):
    response = await client.post("/payments", content=chunks(10), headers=HEADERS)

    assert response.status_code == 400
