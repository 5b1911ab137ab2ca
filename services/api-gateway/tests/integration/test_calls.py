"""What the gateway spares its clients, and its services."""

import asyncio
from uuid import UUID

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from devkit.eventually import eventually
from devkit.standins import StandIns, answering, silent

PATH = f"/orders/{UUID(int=7)}"
PLACED = {
    "order_id": str(UUID(int=7)),
    "customer_id": "ANNA",
    "state": "PENDING",
    "total": "14.00",
    "placed_at": "2026-11-24T12:00:00Z",
}
BODY = {"customer_id": "ANNA", "lines": [{"product_id": "1", "quantity": 1, "unit_price": "14"}]}
KEY = {"Idempotency-Key": "k1"}


class FailingAtFirst:
    """Answers 503 without saying when to come back, so many times, and then well."""

    def __init__(self, times: int, page: object, status: int = 200) -> None:
        self.left = times
        self.page = page
        self.status = status

    async def __call__(self, _: Request) -> Response:
        if self.left:
            self.left -= 1
            return PlainTextResponse("", 503)
        return JSONResponse(self.page, self.status)


async def test_a_failure_that_passes_is_not_the_clients_concern(
    services: StandIns, new_client, staff
):
    page = {"product_id": "1", "name": "Chai", "on_hand": 1, "reserved": 0, "available": 1}
    services.behave("inventory-service", FailingAtFirst(2, page))

    answer = await new_client(staff).get("/products/1")

    assert (answer.status_code, answer.json()) == (200, page)
    assert len(services.heard["inventory-service"]) == 3


async def test_an_order_with_its_key_is_sent_again(services: StandIns, new_client, staff):
    services.behave("order-service", FailingAtFirst(1, PLACED, 202))

    answer = await new_client(staff).post("/orders", json=BODY, headers=KEY)

    assert answer.status_code == 202
    keys = [request.headers["idempotency-key"] for request in services.heard["order-service"]]
    assert keys == ["k1", "k1"]


async def test_what_could_be_done_twice_is_sent_once(services: StandIns, new_client, staff):
    services.behave("order-service", FailingAtFirst(1, {}))
    services.behave("customer-service", FailingAtFirst(1, {}))
    client = new_client(staff)
    details = {"name": "Anna", "country": "Italy", "credit_limit": "10"}

    cancelled = await client.post(f"{PATH}/cancellation")
    put = await client.put("/customers/ANNA", json=details)

    assert (cancelled.status_code, put.status_code) == (503, 503)
    assert [len(services.heard[name]) for name in ("order-service", "customer-service")] == [1, 1]


async def test_a_service_that_says_no_is_not_asked_again(services: StandIns, new_client, staff):
    problem = {"type": "urn:x", "title": "No", "status": 422, "errors": []}
    services.behave("order-service", answering(problem, 422))

    answer = await new_client(staff).post("/orders", json=BODY, headers=KEY)

    assert (answer.status_code, answer.json()) == (422, problem)
    assert len(services.heard["order-service"]) == 1


async def test_a_service_that_says_when_to_come_back_is_not_asked_sooner(
    services: StandIns, new_client, staff
):
    services.behave("inventory-service", answering({}, 503, Retry_After="1"))

    assert (await new_client(staff).get("/products/1")).status_code == 503
    assert len(services.heard["inventory-service"]) == 1


async def test_a_service_that_keeps_failing_is_left_alone(services: StandIns, new_client, staff):
    services.behave("shipping-service", answering({}, 500))
    client = new_client(staff, circuit_failures=3)

    reasons = [(await client.get(PATH)).json()["missing"][0]["reason"] for _ in range(6)]

    assert reasons == ["unavailable"] * 3 + ["circuit-open"] * 3
    assert len(services.heard["shipping-service"]) == 3
    ready = await client.get("/readyz")
    assert ready.status_code == 200
    checks = ready.json()["checks"]
    assert {name: check["status"] for name, check in checks.items()} == {
        "order-service": "up",
        "customer-service": "up",
        "inventory-service": "up",
        "shipping-service": "down",
        "order-history-service": "up",
    }


async def test_a_service_that_is_well_again_is_asked_again(services: StandIns, new_client, staff):
    page = {"product_id": "1", "name": "Chai", "on_hand": 1, "reserved": 0, "available": 1}
    services.behave("inventory-service", answering({}, 500))
    client = new_client(staff, circuit_failures=1, circuit_open_seconds=0.05)
    assert (await client.get("/products/1")).status_code == 503
    services.behave("inventory-service", answering(page))

    async def is_asked() -> bool:
        return (await client.get("/products/1")).status_code == 200

    await eventually(is_asked)


async def test_clients_that_give_no_time_do_not_close_a_service_for_others(
    services: StandIns, new_client, staff
):
    services.behave("shipping-service", silent)
    client = new_client(staff, circuit_failures=1, service_patience_seconds=60)

    for _ in range(3):
        answer = await client.get(PATH, headers={"X-Request-Timeout-Ms": "1200"})
        assert {"part": "shipment", "reason": "timeout"} in answer.json()["missing"]


async def test_a_slow_service_does_not_take_the_connections_of_others(
    services: StandIns, new_client, staff
):
    services.behave("shipping-service", silent)
    client = new_client(staff, service_connections=2, composition_seconds=60)
    slow = [asyncio.create_task(client.get(PATH)) for _ in range(2)]
    await eventually(lambda: len(services.heard["shipping-service"]) == 2)

    answer = await client.get(PATH)

    assert answer.json()["missing"] == [{"part": "shipment", "reason": "overloaded"}]
    assert len(services.heard["shipping-service"]) == 2
    for task in slow:
        task.cancel()
    await asyncio.gather(*slow, return_exceptions=True)


async def test_what_a_service_has_sent_already_is_not_sent_again(
    services: StandIns, new_client, staff
):
    page = {"product_id": "1", "name": "Chai", "on_hand": 1, "reserved": 0, "available": 1}
    sent = []

    async def inventory(request: Request) -> Response:
        known = request.headers.get("if-none-match") == '"v1"'
        sent.append(known)
        return Response(status_code=304) if known else JSONResponse(page, headers={"ETag": '"v1"'})

    services.behave("inventory-service", inventory)
    client = new_client(staff)

    answers = [await client.get("/products/1") for _ in range(3)]

    assert [answer.json() for answer in answers] == [page] * 3
    assert sent == [False, True, True]


async def test_a_client_that_has_the_answer_gets_a_304(new_client, staff):
    client = new_client(staff)
    first = await client.get("/products/1")
    again = await client.get("/products/1", headers={"If-None-Match": first.headers["etag"]})

    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["cache-control"] == "private, no-cache"


@pytest.mark.parametrize("path", [PATH, "/customers"])
async def test_what_is_not_declared_to_be_kept_is_kept_by_nobody(
    services: StandIns, new_client, staff, path
):
    services.behave("customer-service", answering([]))
    answer = await new_client(staff).get(path)

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert "etag" not in answer.headers


async def test_a_writes_answer_keeps_what_is_for_the_client(services: StandIns, new_client, staff):
    headers = {
        "Location": f"/orders/{UUID(int=7)}",
        "X_Consistency_Token": "v1.abc",
        "Server_Secret": "pod-7",
    }
    services.behave("order-service", answering(PLACED | {"internal": 1}, 202, **headers))

    answer = await new_client(staff).post("/orders", json=BODY, headers=KEY)

    assert answer.json() == PLACED
    assert answer.headers["location"] == f"/orders/{UUID(int=7)}"
    assert answer.headers["x-consistency-token"] == "v1.abc"
    assert "server-secret" not in answer.headers
