"""Placing orders over HTTP, on a real database."""

import asyncio
from collections.abc import Callable
from decimal import Decimal

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from chassis.http.consistency import CONSISTENCY_TOKEN, decode_tokens
from chassis.persistence.database import Database
from chassis.testing.statements import recorded_statements

LINE = {"product_id": "11", "quantity": 12, "unit_price": "14.00"}


def problem(response: Response, status: int) -> dict:
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    return response.json()


async def orders(client: AsyncClient) -> list[dict]:
    return (await client.get("/orders")).json()


async def test_an_order_is_accepted_and_found_at_its_location(client: AsyncClient, place: Callable):
    accepted = await place()

    assert accepted.status_code == 202
    answer = accepted.json()
    assert (answer["state"], answer["total"], answer["customer_id"]) == (
        *("PENDING", "266.00", "ALFKI"),
    )
    order = (await client.get(accepted.headers["location"])).json()
    assert order["saga_id"] is not None
    assert order == answer | {
        "rejection_reason": None,
        "decided_at": None,
        "ended_at": None,
        "saga_id": order["saga_id"],
        "lines": [LINE, {"product_id": "42", "quantity": 10, "unit_price": "9.80"}],
        "worked_on_by": {
            "saga_type": "CreateOrder",
            "saga_id": order["saga_id"],
            "since": order["worked_on_by"]["since"],
        },
        "waits_for": [],
    }


async def test_order_saga_event_and_first_command_are_one_transaction(
    place: Callable, wire, service_database: Database
):
    with recorded_statements(service_database) as statements:
        await place()

    assert [statement.split()[:3] for statement in statements] == [
        ["INSERT", "INTO", "idempotency_keys"],
        ["INSERT", "INTO", "orders"],
        ["WITH", "sent", "AS"],
    ]
    assert await wire.types() == ["order.OrderPlaced.v1", "customer.ReserveCredit.v1"]


async def test_the_token_of_an_order_names_the_event_that_tells_of_it(place: Callable, wire):
    accepted = await place()

    placed = (await wire.sent())[0]
    assert decode_tokens(accepted.headers[CONSISTENCY_TOKEN]) == {placed.message_id}


async def test_when_the_first_command_cannot_be_written_nothing_is(
    client: AsyncClient, place: Callable, service_database: Database
):
    async with service_database.engine.begin() as connection:
        await connection.execute(text("ALTER TABLE outbox ADD CONSTRAINT never CHECK (false)"))
    try:
        with pytest.raises(IntegrityError):
            await place()
    finally:
        async with service_database.engine.begin() as connection:
            await connection.execute(text("ALTER TABLE outbox DROP CONSTRAINT never"))

    assert await orders(client) == []
    assert (await place()).status_code == 202


async def test_the_same_key_and_body_give_the_same_order(client: AsyncClient, place: Callable):
    first = await place()
    again = await place()

    assert first.content == again.content
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers[CONSISTENCY_TOKEN] == first.headers[CONSISTENCY_TOKEN]
    assert len(await orders(client)) == 1


async def test_the_same_key_with_another_body_is_a_422(client: AsyncClient, place: Callable):
    await place()

    answer = problem(await place(customer_id="ANATR"), 422)

    assert answer["type"] == "urn:longship:problem:idempotency-key-reused"
    assert len(await orders(client)) == 1


async def test_the_same_order_sent_ten_times_at_once_is_placed_once(
    client: AsyncClient, place: Callable
):
    answers = await asyncio.gather(*(place() for _ in range(10)))

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["order_id"] for answer in answers}) == 1
    assert len({answer.headers[CONSISTENCY_TOKEN] for answer in answers}) == 1
    assert len(await orders(client)) == 1


async def test_without_a_key_an_order_is_a_422(client: AsyncClient):
    response = await client.post("/orders", json={"customer_id": "ALFKI", "lines": [LINE]})

    assert problem(response, 422)["errors"] == [
        {"detail": "Field required", "in": "header", "pointer": "#/Idempotency-Key"}
    ]


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"quantity": 0}, "quantity"),
        ({"quantity": -1}, "quantity"),
        ({"quantity": 1_000_001}, "quantity"),
        ({"quantity": 10**40}, "quantity"),
        ({"quantity": 1.5}, "quantity"),
        ({"quantity": "1"}, "quantity"),
        ({"quantity": True}, "quantity"),
        ({"unit_price": "0.00"}, "unit_price"),
        ({"unit_price": "-0.01"}, "unit_price"),
        ({"unit_price": "0.001"}, "unit_price"),
        ({"unit_price": "100000000.00"}, "unit_price"),
        ({"unit_price": "1e30"}, "unit_price"),
        ({"unit_price": "NaN"}, "unit_price"),
        ({"unit_price": "Infinity"}, "unit_price"),
        ({"unit_price": "ten"}, "unit_price"),
        ({"unit_price": None}, "unit_price"),
        ({"product_id": "a b"}, "product_id"),
        ({"product_id": ""}, "product_id"),
        ({"product_id": "x" * 65}, "product_id"),
    ],
)
async def test_a_line_that_is_not_valid_is_a_422_that_points_to_it(
    client: AsyncClient, place: Callable, wrong: dict, pointer: str
):
    answer = problem(await place(lines=[LINE, LINE | wrong]), 422)

    assert [error["pointer"] for error in answer["errors"]] == [f"#/lines/1/{pointer}"]
    assert await orders(client) == []


@pytest.mark.parametrize("body", ['{"customer_id": NaN}', '{"lines": [{"unit_price": NaN}]}'])
async def test_a_bare_nan_is_a_422(client: AsyncClient, body: str):
    headers = {"Idempotency-Key": "k1", "Content-Type": "application/json"}
    problem(await client.post("/orders", content=body, headers=headers), 422)


@pytest.mark.parametrize("lines", [[], [LINE] * 101, None, "none"])
async def test_an_order_without_lines_or_with_too_many_is_a_422(place: Callable, lines: object):
    assert problem(await place(lines=lines), 422)["errors"][0]["pointer"] == "#/lines"


async def test_a_total_that_overflows_is_a_422(client: AsyncClient, place: Callable):
    most = {"product_id": "11", "quantity": 1_000_000, "unit_price": "99999999.99"}

    answer = problem(await place(lines=[most] * 100), 422)

    assert answer["type"] == "urn:longship:problem:invalid-order"
    assert answer["detail"] == "The total is above 999999999999.99; place several orders"
    assert await orders(client) == []


async def test_the_largest_total_is_kept_to_the_cent(client: AsyncClient, place: Callable):
    most = {"product_id": "11", "quantity": 10_000, "unit_price": "99999999.99"}
    rest = {"product_id": "12", "quantity": 1, "unit_price": "99.99"}

    accepted = await place(lines=[most, rest])

    order = (await client.get(accepted.headers["location"])).json()
    assert Decimal(order["total"]) == Decimal("999999999999.99")


async def test_the_same_product_may_stand_in_several_lines(client: AsyncClient, place: Callable):
    accepted = await place(lines=[LINE, LINE])

    assert (await client.get(accepted.headers["location"])).json()["total"] == "336.00"


async def test_a_body_that_is_not_json_is_a_400(client: AsyncClient):
    headers = {"Idempotency-Key": "k1", "Content-Type": "application/json"}
    problem(await client.post("/orders", content='{"customer_id":', headers=headers), 400)


async def test_a_body_of_two_megabytes_is_a_413(place: Callable):
    problem(await place(customer_id="x" * 2_000_000), 413)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE orders SET state = 'REJECTED', decided_at = now()",
        "UPDATE orders SET rejection_reason = 'OUT_OF_STOCK'",
        "UPDATE orders SET state = 'LOST', decided_at = now()",
        "UPDATE orders SET state = 'APPROVED'",
        "UPDATE orders SET ended_at = now()",
        "UPDATE orders SET total = 0",
        "UPDATE orders SET lines = '[]'",
    ],
)
async def test_the_database_refuses_what_the_domain_never_does(
    place: Callable, service_database: Database, change: str
):
    await place()

    with pytest.raises(IntegrityError):
        async with service_database.engine.begin() as connection:
            await connection.execute(text(change))
