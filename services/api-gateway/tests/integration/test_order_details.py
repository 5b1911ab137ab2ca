"""Everything about an order in one answer, whatever its services are doing."""

import asyncio
from uuid import UUID

import pytest
from starlette.responses import JSONResponse

from devkit.standins import StandIns, answering, silent

TOKEN = "1.AZoQBOoNd-ivi0O4keIRdA"
PATH = f"/orders/{UUID(int=7)}"


async def test_all_services_parts_are_in_one_answer(new_client, staff):
    answer = await new_client(staff).get(PATH)

    assert answer.status_code == 200
    assert answer.json() == {
        "order_id": str(UUID(int=7)),
        "customer_id": "ANNA",
        "state": "APPROVED",
        "total": "28.00",
        "placed_at": "2026-11-24T12:00:00Z",
        "rejection_reason": None,
        "decided_at": "2026-11-24T12:00:00Z",
        "ended_at": None,
        "waits_for": [
            {
                "flow": "fulfilment",
                "awaits": "GoodsIssued",
                "since": "2026-11-24T12:00:00Z",
                "due_at": "2026-11-24T12:00:00Z",
                "overdue": True,
            }
        ],
        "customer": {"name": "Anna", "country": "Italy"},
        "lines": [
            {
                "product_id": "1",
                "quantity": 2,
                "unit_price": "14.00",
                "product_name": "Chai",
                "stock": "RESERVED",
            }
        ],
        "shipment": {
            "state": "SCHEDULED",
            "requested_at": "2026-11-24T12:00:00Z",
            "scheduled_at": "2026-11-24T12:00:00Z",
            "dispatched_at": None,
            "ended_at": None,
        },
        "history": [{"state": "PENDING", "at": "2026-11-24T12:00:00Z"}],
        "missing": [],
    }


async def test_the_services_are_asked_side_by_side(services: StandIns, new_client, staff):
    """Each of these three waits until all three have been asked."""
    together = asyncio.Barrier(3)

    def after_all(page: object):
        async def behaviour(_):
            await together.wait()
            return JSONResponse(page)

        return behaviour

    shipment = {"state": "SCHEDULED", "requested_at": "2026-11-24T12:00:00Z"}
    services.behave("shipping-service", after_all(shipment))
    services.behave("order-history-service", after_all({"changes": []}))
    order = new_client(staff, composition_seconds=20)
    orders = services._behaviours["order-service"]

    async def order_after_all(request):
        await together.wait()
        return await orders(request)

    services.behave("order-service", order_after_all)

    assert (await order.get(PATH)).json()["missing"] == []


async def test_each_service_is_told_how_much_time_is_left(services: StandIns, new_client, staff):
    client = new_client(staff, composition_seconds=20)
    await client.get(PATH, headers={"X-Request-Timeout-Ms": "10000"})

    told = {
        name: int(request.headers["x-request-timeout-ms"])
        for name, requests in services.heard.items()
        for request in requests
    }
    assert len(told) == 5
    assert all(0 < milliseconds <= 9000 for milliseconds in told.values())


async def test_a_part_that_does_not_exist_is_not_missing(services: StandIns, new_client, staff):
    problem = {"type": "urn:x", "title": "No such shipment", "status": 404}
    services.behave("shipping-service", answering(problem, 404))

    body = (await new_client(staff).get(PATH)).json()

    assert (body["shipment"], body["missing"]) == (None, [])


async def test_an_order_that_does_not_exist_is_the_services_404(
    services: StandIns, new_client, staff
):
    answer = await new_client(staff).get(f"/orders/{UUID(int=9)}")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["title"] == "No such thing"


async def test_history_that_is_not_there_yet_is_missing_for_that_reason(
    services: StandIns, new_client, staff
):
    async def not_yet(request):
        assert request.headers["x-consistency-token"] == TOKEN
        problem = {"type": "urn:x", "title": "Not applied yet", "status": 202}
        return JSONResponse(
            problem, 202, headers={"Retry-After": "1"}, media_type="application/problem+json"
        )

    services.behave("order-history-service", not_yet)

    answer = await new_client(staff).get(PATH, headers={"X-Consistency-Token": TOKEN})

    assert answer.json()["missing"] == [{"part": "history", "reason": "not-yet"}]


async def test_a_client_that_waits_for_less_gets_what_is_there_by_then(
    services: StandIns, new_client, staff
):
    services.behave("shipping-service", silent)
    client = new_client(staff, composition_seconds=60)

    answer = await client.get(PATH, headers={"X-Request-Timeout-Ms": "3000"})

    assert answer.json()["missing"] == [{"part": "shipment", "reason": "timeout"}]


@pytest.mark.parametrize("name", ["order-service", "shipping-service"])
async def test_what_nobody_waits_for_any_more_is_not_asked_any_longer(
    services: StandIns, new_client, staff, name
):
    """The service sees that the gateway has gone."""
    gone = asyncio.Event()

    async def until_gone(request):
        await request.receive()
        gone.set()
        return JSONResponse({})

    services.behave(name, until_gone)
    await new_client(staff, composition_seconds=0.3).get(PATH)

    async with asyncio.timeout(60):
        await gone.wait()
