"""How often anybody may ask."""

import pytest
from httpx import ASGITransport, AsyncClient

from devkit.issuer import Issuer


async def test_a_subject_that_asks_too_often_is_told_when_to_come_back(new_client, issuer: Issuer):
    client = new_client(subject_rate="3/minute")
    anna, bert = ({"Authorization": f"Bearer {issuer.token(name)}"} for name in ("anna", "bert"))

    answers = [await client.get("/products/1", headers=anna) for _ in range(4)]
    others = await client.get("/products/1", headers=bert)

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert others.status_code == 200
    assert answers[0].headers["ratelimit-policy"] == '"subject";q=3;w=60'
    assert answers[0].headers["ratelimit"].startswith('"subject";r=2;t=')
    assert answers[3].headers["content-type"] == "application/problem+json"
    assert answers[3].headers["ratelimit"].startswith('"subject";r=0;t=')
    assert 1 <= int(answers[3].headers["retry-after"]) <= 120


async def test_an_address_is_limited_before_its_tokens_are_looked_at(new_client):
    client = new_client("rubbish", address_rate="3/minute")

    answers = [await client.get("/products/1") for _ in range(4)]

    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
    assert answers[0].headers["ratelimit-policy"] == '"address";q=3;w=60'
    assert "retry-after" in answers[3].headers


async def test_addresses_are_counted_apart(new_gateway, staff):
    gateway = new_gateway(address_rate="1/minute")

    async def status(host: str) -> int:
        transport = ASGITransport(gateway.http, client=(host, 1))
        headers = {"Authorization": f"Bearer {staff}"}
        async with AsyncClient(transport=transport, base_url="http://g", headers=headers) as client:
            return (await client.get("/products/1")).status_code

    assert [await status(host) for host in ("10.0.0.1", "10.0.0.1", "10.0.0.2")] == [200, 429, 200]


async def test_probes_are_not_limited(new_client):
    client = new_client(address_rate="1/minute")

    assert {(await client.get("/livez")).status_code for _ in range(5)} == {200}


@pytest.mark.parametrize("path", ["/products/1", "/nowhere", "/livez"])
async def test_every_answer_says_what_browsers_and_caches_may_do(new_client, staff, path: str):
    headers = (await new_client(staff).get(path)).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["vary"] == "Authorization"
    assert headers["cache-control"] in {"no-store", "private, no-cache"}
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


async def test_a_body_that_is_too_large_is_a_413(new_client, staff):
    body = {"name": "x" * 2_000_000, "on_hand": 1}

    answer = await new_client(staff).put("/products/1", json=body)

    assert answer.status_code == 413
    assert answer.headers["x-content-type-options"] == "nosniff"
