"""inventory-service over HTTP, on a real database."""

import asyncio
from uuid import UUID

import pytest
from httpx import AsyncClient, Response

from chassis.http.consistency import CONSISTENCY_TOKEN, decode_tokens
from chassis.persistence.database import Database
from chassis.testing.handling import handle_batch
from chassis.testing.outbox import outbox_messages
from chassis.testing.statements import recorded_statements
from inventory_service.messaging.command_handlers import COMMAND_HANDLERS
from inventory_service.messaging.contracts import ProductRegistered, Quantity, ReserveStock

CHAI = {"name": "Chai", "on_hand": 39}


def problem(response: Response, status: int) -> dict:
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    return response.json()


async def test_a_product_is_registered_corrected_and_shown(client: AsyncClient):
    first = await client.put("/products/1", json=CHAI)
    again = await client.put("/products/1", json=CHAI | {"on_hand": 40})

    assert (first.status_code, again.status_code) == (201, 200)
    assert (await client.get("/products/1")).json() == {
        "product_id": "1",
        "name": "Chai",
        "on_hand": 40,
        "reserved": 0,
        "available": 40,
    }


async def test_a_product_registered_twice_at_the_same_time_is_new_once(client: AsyncClient):
    answers = await asyncio.gather(*(client.put("/products/1", json=CHAI) for _ in range(6)))

    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [201]


async def test_a_count_below_what_orders_have_reserved_is_a_409(
    client: AsyncClient, service_database: Database
):
    await client.put("/products/1", json=CHAI)
    lines = (Quantity(product_id="1", quantity=30),)
    command = ReserveStock(order_id=UUID(int=1), lines=lines)
    await handle_batch(service_database, COMMAND_HANDLERS, [command])

    answer = problem(await client.put("/products/1", json=CHAI | {"on_hand": 29}), 409)

    assert answer["type"] == "urn:longship:problem:stock-too-low"
    assert (await client.get("/products/1")).json()["on_hand"] == 39


async def test_whoever_listens_is_told_what_a_product_is_from_now_on(
    client: AsyncClient, service_database: Database
):
    await client.put("/products/1", json=CHAI)
    await client.put("/products/1", json=CHAI | {"name": "Chai tea"})
    await client.put("/products/1", json=CHAI | {"on_hand": -1})

    told = await outbox_messages(service_database)
    assert {message.key for message in told} == {"1"}
    assert [ProductRegistered.from_body(message.body) for message in told] == [
        ProductRegistered(product_id="1", name=name) for name in ("Chai", "Chai tea")
    ]


async def test_the_token_of_a_product_names_the_event_that_tells_of_it(
    client: AsyncClient, service_database: Database
):
    answers = [await client.put("/products/1", json=CHAI) for _ in range(2)]

    told = await outbox_messages(service_database)
    named = [decode_tokens(answer.headers[CONSISTENCY_TOKEN]) for answer in answers]
    assert named == [{message.message_id} for message in told]


async def test_registering_a_product_and_telling_it_are_two_statements(
    client: AsyncClient, service_database: Database
):
    with recorded_statements(service_database) as statements:
        await client.put("/products/1", json=CHAI)

    assert [statement.split()[:3] for statement in statements] == [
        ["INSERT", "INTO", "products"],
        ["INSERT", "INTO", "outbox"],
    ]


async def test_an_unknown_product_is_a_404(client: AsyncClient):
    for path in ("/products/gold", "/products/gold/reservations"):
        answer = problem(await client.get(path), 404)
        assert answer["type"] == "urn:longship:problem:product-not-found"


@pytest.mark.parametrize("on_hand", [-1, 1_000_000_001, 1.5, "39", True, None, 10**30])
async def test_a_count_that_is_none_is_a_422(client: AsyncClient, on_hand: object):
    answer = problem(await client.put("/products/1", json=CHAI | {"on_hand": on_hand}), 422)

    assert [error["pointer"] for error in answer["errors"]] == ["#/on_hand"]


async def test_a_body_that_is_not_json_is_a_400(client: AsyncClient):
    headers = {"Content-Type": "application/json"}
    problem(await client.put("/products/1", content="{", headers=headers), 400)


async def test_a_body_of_two_megabytes_is_a_413(client: AsyncClient):
    problem(await client.put("/products/1", json=CHAI | {"name": "x" * 2_000_000}), 413)


async def test_products_are_listed_a_page_at_a_time(client: AsyncClient):
    for number in ("3", "1", "2"):
        await client.put(f"/products/{number}", json=CHAI)

    first = (await client.get("/products", params={"limit": 2})).json()
    rest = (await client.get("/products", params={"limit": 2, "after": "2"})).json()

    assert [product["product_id"] for product in first] == ["1", "2"]
    assert [product["product_id"] for product in rest] == ["3"]


async def test_several_products_are_asked_for_at_once(client: AsyncClient):
    for number in ("1", "2", "3"):
        await client.put(f"/products/{number}", json=CHAI)

    found = await client.get("/products", params={"product_id": ["3", "1", "gold"]})

    assert [product["product_id"] for product in found.json()] == ["1", "3"]


async def test_a_product_that_the_client_has_is_not_sent_again(client: AsyncClient):
    await client.put("/products/1", json=CHAI)
    known = {"If-None-Match": (await client.get("/products/1")).headers["etag"]}

    assert (await client.get("/products/1", headers=known)).status_code == 304
    await client.put("/products/1", json=CHAI | {"on_hand": 40})
    assert (await client.get("/products/1", headers=known)).json()["on_hand"] == 40


async def test_an_order_shows_what_it_holds_of_each_product(
    client: AsyncClient, service_database: Database
):
    for number in ("1", "2"):
        await client.put(f"/products/{number}", json=CHAI)
    lines = (Quantity(product_id="2", quantity=3), Quantity(product_id="1", quantity=30))
    command = ReserveStock(order_id=UUID(int=1), lines=lines)
    await handle_batch(service_database, COMMAND_HANDLERS, [command])

    assert (await client.get(f"/reservations/{UUID(int=1)}")).json() == [
        {"product_id": "1", "quantity": 30, "state": "RESERVED"},
        {"product_id": "2", "quantity": 3, "state": "RESERVED"},
    ]
    assert (await client.get(f"/reservations/{UUID(int=2)}")).json() == []


async def test_the_service_is_ready_without_its_broker(client: AsyncClient):
    assert (await client.get("/readyz")).status_code == 200


async def test_every_status_is_documented(client: AsyncClient):
    paths = (await client.get("/openapi.json")).json()["paths"]

    documented = {
        f"{method} {path}": sorted(operation["responses"])
        for path, operations in paths.items()
        for method, operation in operations.items()
        if path.startswith("/products")
    }
    assert documented == {
        "put /products/{product_id}": [
            *("200", "201", "400", "409", "413", "422", "500", "503", "504"),
        ],
        "get /products/{product_id}": ["200", "304", "400", "404", "422", "500", "503", "504"],
        "get /products": ["200", "304", "400", "422", "500", "503", "504"],
        "get /products/{product_id}/reservations": [
            "200",
            "400",
            "404",
            "422",
            "500",
            "503",
            "504",
        ],
    }
