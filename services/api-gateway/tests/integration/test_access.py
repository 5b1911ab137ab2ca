"""Who gets in, and what they see."""

import base64
import json
import time
from uuid import UUID

import jwt
import pytest
from httpx import AsyncClient, Response

from devkit.issuer import AUDIENCE, ISSUER, Issuer, new_issuer
from devkit.standins import StandIns

ORDER = f"/orders/{UUID(int=7)}"
BODY = {"customer_id": "ANNA", "lines": [{"product_id": "1", "quantity": 1, "unit_price": "14"}]}
DETAILS = {"name": "Anna", "country": "Italy", "credit_limit": "10.00"}
REQUESTS = {
    "place": ("POST", "/orders", BODY),
    "cancel": ("POST", f"{ORDER}/cancellation", None),
    "order": ("GET", ORDER, None),
    "customer": ("GET", "/customers/ANNA", None),
    "customers": ("GET", "/customers", None),
    "put customer": ("PUT", "/customers/ANNA", DETAILS),
    "product": ("GET", "/products/1", None),
    "products": ("GET", "/products", None),
    "search": ("GET", "/orders", None),
    "orders of customer": ("GET", "/customers/ANNA/orders", None),
    "summary": ("GET", "/customers/ANNA/summary", None),
    "put product": ("PUT", "/products/1", {"name": "Chai", "on_hand": 1}),
}
WRITES = {"place", "cancel"}
STAFF_ONLY = {"search", "customers", "put customer", "put product"}
FOR_EVERYBODY = {"product", "products"}


async def send(client: AsyncClient, name: str) -> Response:
    method, path, body = REQUESTS[name]
    return await client.request(method, path, json=body, headers={"Idempotency-Key": "k"})


async def allowed(client: AsyncClient) -> set[str]:
    """What is not refused; these services answer some of it with a 404 of their own."""
    found = {name: await send(client, name) for name in REQUESTS}
    assert {answer.status_code for answer in found.values()} <= {200, 403, 404, 502}
    refused = {name for name, answer in found.items() if _is_refused(answer)}
    return set(REQUESTS) - refused


def _is_refused(answer: Response) -> bool:
    if answer.status_code == 403:
        return True
    return answer.status_code == 404 and answer.json()["type"] != "urn:x"


async def test_staff_may_do_everything(new_client, staff):
    assert await allowed(new_client(staff)) == set(REQUESTS)


async def test_a_customer_may_do_what_its_scopes_say(new_client, issuer: Issuer):
    def client(*scopes: str) -> AsyncClient:
        return new_client(issuer.token("anna", scopes=scopes, customer_id="ANNA"))

    assert await allowed(client()) == FOR_EVERYBODY
    assert await allowed(client("orders:write")) == WRITES | FOR_EVERYBODY
    reads = set(REQUESTS) - WRITES - STAFF_ONLY
    assert await allowed(client("orders:read", "unknown:scope")) == reads


async def test_another_customer_may_do_nothing_with_it(new_client, issuer: Issuer):
    scopes = ["orders:read", "orders:write"]
    for customer_id in ("BERT", None):
        client = new_client(issuer.token("bert", scopes=scopes, customer_id=customer_id))
        assert await allowed(client) == FOR_EVERYBODY


async def test_anothers_order_looks_as_if_it_did_not_exist(new_client, issuer: Issuer):
    client = new_client(issuer.token("bert", scopes=["orders:read"], customer_id="BERT"))

    answer = await client.get(ORDER)

    assert answer.status_code == 404
    assert answer.json() == {
        "type": "urn:longship:problem:order-not-found",
        "title": "No such order",
        "status": 404,
        "detail": f"There is no order {UUID(int=7)}",
    }


async def test_anothers_order_is_not_cancelled(services: StandIns, new_client, issuer: Issuer):
    client = new_client(issuer.token("bert", scopes=["orders:write"], customer_id="BERT"))

    assert (await client.post(f"{ORDER}/cancellation")).status_code == 404
    assert {request.method for request in services.heard["order-service"]} == {"GET"}


async def test_a_missing_scope_is_named(new_client, issuer: Issuer):
    client = new_client(issuer.token("anna", scopes=["orders:read"], customer_id="ANNA"))
    answer = await send(client, "place")

    assert answer.status_code == 403
    assert answer.headers["www-authenticate"] == (
        'Bearer error="insufficient_scope", scope="orders:write"'
    )


@pytest.mark.parametrize("name", REQUESTS)
async def test_nothing_is_answered_without_a_token(services: StandIns, new_client, name: str):
    answer = await send(new_client(), name)

    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert not services.heard


def unsigned(claims: dict) -> str:
    def part(content: dict) -> str:
        return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none', 'kid': 'k'})}.{part(claims)}."


def _tokens(issuer: Issuer) -> dict[str, str]:
    (key,) = json.loads(issuer.jwks)["keys"]
    kid = key["kid"]
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "x", "exp": time.time() + 60, "scope": "staff"}
    stranger = new_issuer()
    stranger.key_id = kid
    good = issuer.token("x", scopes=["staff"])
    return {
        "expired": issuer.token("x", scopes=["staff"], seconds=-60),
        "for another audience": issuer.token("x", scopes=["staff"], aud="elsewhere"),
        "of another issuer": issuer.token("x", scopes=["staff"], iss="https://evil.example"),
        "not valid yet": issuer.token("x", scopes=["staff"], nbf=time.time() + 600),
        "without an end": issuer.token("x", scopes=["staff"], exp="never"),
        "without a subject": issuer.token("", scopes=["staff"], sub=7),
        "signed by somebody else": stranger.token("x", scopes=["staff"]),
        "with a key that is not known": new_issuer().token("x", scopes=["staff"]),
        "not signed": unsigned(claims),
        "signed with the public key as a secret": jwt.encode(
            claims, key["x"] + key["y"], "HS256", headers={"kid": kid}
        ),
        "changed after it was signed": f"{good[:-10]}AAAAAAAAAA",
        "with a scope that is no text": issuer.token("x", scope=["staff"]),
        "rubbish": "rubbish",
        "nothing": "..",
        "no ASCII": "tök.en.x",
    }


@pytest.mark.parametrize("name", _tokens(new_issuer()))
async def test_a_token_that_does_not_count_is_a_401(new_client, issuer: Issuer, name: str):
    token = _tokens(issuer)[name]
    client = new_client()
    header = f"Bearer {token}".encode()
    answer = await client.get("/products/1", headers={"Authorization": header})

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith('Bearer error="invalid_token"')
    assert answer.headers["content-type"] == "application/problem+json"


async def test_symmetric_keys_count_only_where_a_setting_says_so(new_client, tmp_path):
    secret = base64.urlsafe_b64encode(b"0" * 32).decode()
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps({"keys": [{"kty": "oct", "kid": "dev", "k": secret}]}))
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "x", "exp": time.time() + 60}
    token = jwt.encode(claims, b"0" * 32, "HS256", headers={"kid": "dev"})

    refused = await new_client(token, jwks_file=keys).get("/products/1")
    accepted = await new_client(token, jwks_file=keys, accept_symmetric_keys=True).get(
        "/products/1"
    )

    assert (refused.status_code, accepted.status_code) == (401, 200)


async def test_without_keys_nobody_is_told_that_his_token_is_wrong(new_client, staff, tmp_path):
    answer = await new_client(staff, jwks_file=tmp_path / "missing.json").get("/products/1")

    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:longship:problem:keys-unavailable"
    assert answer.headers["retry-after"] == "5"


async def test_probes_and_the_document_need_no_token(new_client):
    client = new_client()

    for path in ("/livez", "/readyz", "/metrics", "/openapi.json"):
        assert (await client.get(path)).status_code == 200
