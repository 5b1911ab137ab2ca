"""Reading the history through the gateway."""

from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from devkit.standins import StandIns, answering

AT = "2026-11-24T12:00:00Z"
ORDER = {
    "order_id": "00000000-0000-0000-0000-000000000007",
    "customer_id": "ANNA",
    "customer_name": "Anna",
    "state": "DELIVERED",
    "rejection_reason": None,
    "total": "28.00",
    "placed_at": AT,
    "decided_at": AT,
    "ended_at": AT,
    "items": [{"product_id": "1", "product_name": "Chai", "quantity": 2, "unit_price": "14.00"}],
    "changes": [{"state": "PENDING", "at": AT}, {"state": "DELIVERED", "at": None}],
    "shipment": {"state": "DELIVERED", "scheduled_at": AT, "dispatched_at": AT, "ended_at": AT},
}
PAGE = {"orders": [ORDER], "next_cursor": "abc"}

TOKENS = "1.AZoQBOoNd-ivi0O4keIRdA, 1.AZoQBuoMdPGvi0PCkeIRdQ"


async def test_a_customer_sees_its_orders_and_filters_them(services: StandIns, new_client, anna):
    services.behave("order-history-service", answering(PAGE))
    wanted = {
        "state": ["DELIVERED", "APPROVED"],
        "placed_from": "2026-11-01T00:00:00+01:00",
        "search": 'chai -"green tea"',
        "cursor": "abc",
        "limit": "10",
    }

    answer = await new_client(anna).get("/customers/ANNA/orders", params=wanted)

    assert (answer.status_code, answer.json()) == (200, PAGE)
    (heard,) = services.heard["order-history-service"]
    assert heard.scope["path"] == "/customers/ANNA/orders"
    asked = parse_qs(heard.scope["query_string"].decode())
    assert asked == {
        **{name: [value] for name, value in wanted.items() if name != "state"},
        "state": ["DELIVERED", "APPROVED"],
    }


async def test_staff_searches_in_everybodys_orders(services: StandIns, new_client, staff):
    services.behave("order-history-service", answering(PAGE))

    assert (await new_client(staff).get("/orders", params={"search": "chai"})).json() == PAGE


async def test_a_summary_says_what_was_spent(services: StandIns, new_client, anna):
    summary = {
        "customer_id": "ANNA",
        "name": "Anna",
        "country": "Italy",
        "orders": 2,
        "spent": "28.00",
        "open": "0.00",
        "cancelled": "7.00",
        "by_state": {"DELIVERED": {"orders": 1, "total": "28.00"}},
    }
    services.behave("order-history-service", answering(summary))

    assert (await new_client(anna).get("/customers/ANNA/summary")).json() == summary


async def test_a_read_that_cannot_show_the_write_yet_says_so(services: StandIns, new_client, anna):
    async def not_yet(request: Request) -> Response:
        assert request.headers["x-consistency-token"] == TOKENS
        problem = {"type": "urn:x", "title": "Not yet", "status": 202}
        headers = {"Retry-After": "1"}
        return JSONResponse(problem, 202, headers, media_type="application/problem+json")

    services.behave("order-history-service", not_yet)
    headers = {"X-Consistency-Token": TOKENS}

    answer = await new_client(anna).get("/customers/ANNA/orders", headers=headers)

    assert (answer.status_code, answer.headers["retry-after"]) == (202, "1")
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_token_that_is_none_is_the_clients_mistake(services: StandIns, new_client, anna):
    problem = {"type": "urn:x", "title": "No token", "status": 422}

    async def malformed(_: Request) -> Response:
        return JSONResponse(problem, 422, media_type="application/problem+json")

    services.behave("order-history-service", malformed)

    answer = await new_client(anna).get(
        "/customers/ANNA/orders", headers={"X-Consistency-Token": TOKENS}
    )

    assert (answer.status_code, answer.json()) == (422, problem)


async def test_what_is_no_token_goes_no_further(services: StandIns, new_client, anna):
    answer = await new_client(anna).get(
        "/customers/ANNA/orders", headers={"X-Consistency-Token": "rubbish"}
    )

    assert answer.status_code == 422
    assert services.heard["order-history-service"] == []
