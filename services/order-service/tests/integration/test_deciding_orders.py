"""What becomes of an order, by the answers of the participants, on a real database."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from httpx import AsyncClient, Response

from chassis.messaging.contracts import Refusal, Reply
from chassis.persistence.database import Database
from chassis.service import Service
from chassis.testing.loopback import Loopback
from chassis.testing.statements import recorded_statements
from order_service.sagas.participants import (
    CreditLimitExceeded,
    CustomerNotFound,
    OutOfStock,
    ProductNotFound,
)


class CreditReserved(Reply, type="customer.CreditReserved.v1"):
    pass


class CreditConfirmed(Reply, type="customer.CreditConfirmed.v1"):
    pass


class CreditReleased(Reply, type="customer.CreditReleased.v1"):
    pass


class StockReserved(Reply, type="inventory.StockReserved.v1"):
    pass


class StockReleased(Reply, type="inventory.StockReleased.v1"):
    pass


class StockAlreadyConfirmed(Refusal, type="inventory.StockAlreadyConfirmed.v1"):
    pass


class CustomerBlocked(Refusal, type="customer.CustomerBlocked.v1"):
    """A reason that came with a later release of customer-service."""


def problem(response: Response, status: int) -> dict:
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    return response.json()


@pytest.fixture
def approve(place: Callable, wire) -> Callable:
    """Places an order and approves it; gives where it is."""

    async def approve(key: str = "k1") -> str:
        location = (await place(key=key)).headers["location"]
        for reply in (CreditReserved(), StockReserved(), CreditConfirmed()):
            await wire.answer(reply)
        return location

    return approve


async def test_an_order_is_approved_where_everybody_does_what_is_asked(
    client: AsyncClient, place: Callable, service: Service
):
    location = (await place()).headers["location"]

    await Loopback(service, obliging=True).run()

    assert (await client.get(location)).json()["state"] == "APPROVED"


async def test_with_credit_and_stock_an_order_is_approved(client: AsyncClient, approve, wire):
    order = (await client.get(await approve())).json()

    assert (order["state"], order["rejection_reason"]) == ("APPROVED", None)
    assert order["decided_at"] > order["placed_at"]
    assert await wire.types() == [
        "order.OrderPlaced.v1",
        "customer.ReserveCredit.v1",
        "inventory.ReserveStock.v1",
        "customer.ConfirmCredit.v1",
        "order.OrderApproved.v1",
    ]


@pytest.mark.parametrize(
    ("refusal", "reason"),
    [
        (CustomerNotFound(), "CUSTOMER_NOT_FOUND"),
        (CreditLimitExceeded(), "CREDIT_LIMIT_EXCEEDED"),
        (CustomerBlocked(), "REFUSED"),
    ],
)
async def test_without_credit_an_order_is_rejected_at_once(
    client: AsyncClient, place: Callable, wire, refusal: Refusal, reason: str
):
    location = (await place()).headers["location"]

    await wire.answer(refusal)

    order = (await client.get(location)).json()
    assert (order["state"], order["rejection_reason"]) == ("REJECTED", reason)
    assert (await wire.types())[-1] == "order.OrderRejected.v1"


@pytest.mark.parametrize(
    ("refusal", "reason"),
    [(ProductNotFound(), "PRODUCT_NOT_FOUND"), (OutOfStock(), "OUT_OF_STOCK")],
)
async def test_without_stock_the_credit_is_given_back_and_the_order_rejected(
    client: AsyncClient, place: Callable, wire, refusal: Refusal, reason: str
):
    location = (await place()).headers["location"]
    await wire.answer(CreditReserved())

    await wire.answer(refusal)
    assert (await client.get(location)).json()["state"] == "PENDING"
    assert (await wire.types())[-1] == "customer.ReleaseCredit.v1"

    await wire.answer(CreditReleased())
    order = (await client.get(location)).json()
    assert (order["state"], order["rejection_reason"]) == ("REJECTED", reason)


async def test_an_approved_order_is_cancelled_stock_first(client: AsyncClient, approve, wire):
    location = await approve()

    asked = await client.post(f"{location}/cancellation")
    assert (asked.status_code, asked.json()["state"]) == (202, "CANCEL_PENDING")
    await wire.answer(StockReleased())
    await wire.answer(CreditReleased())

    assert (await client.get(location)).json()["state"] == "CANCELLED"
    assert (await wire.types())[-3:] == [
        "inventory.ReleaseStock.v1",
        "customer.ReleaseCredit.v1",
        "order.OrderCancelled.v1",
    ]


async def test_an_order_whose_goods_have_left_stays_approved_and_owed(
    client: AsyncClient, approve, wire
):
    location = await approve()
    await client.post(f"{location}/cancellation")

    await wire.answer(StockAlreadyConfirmed())

    assert (await client.get(location)).json()["state"] == "APPROVED"
    assert "customer.ReleaseCredit.v1" not in await wire.types()


async def test_asking_again_while_a_cancellation_is_under_way_changes_nothing(
    client: AsyncClient, approve
):
    location = await approve()
    first = await client.post(f"{location}/cancellation")
    again = await client.post(f"{location}/cancellation")

    assert (again.status_code, again.json()) == (202, first.json())
    assert len((await client.get(f"{location}/sagas")).json()) == 2


async def test_a_pending_order_cannot_be_cancelled_yet(client: AsyncClient, place: Callable):
    location = (await place()).headers["location"]

    response = await client.post(f"{location}/cancellation")

    refused = problem(response, 409)
    assert refused["type"] == "urn:longship:problem:order-undecided"
    saga_id = (await client.get(location)).json()["saga_id"]
    assert f"by CreateOrder {saga_id}, for " in refused["detail"]
    assert response.headers["retry-after"] == "1"


async def test_a_rejected_order_cannot_be_cancelled(client: AsyncClient, place: Callable, wire):
    location = (await place()).headers["location"]
    await wire.answer(CustomerNotFound())

    response = await client.post(f"{location}/cancellation")

    assert problem(response, 409)["type"] == "urn:longship:problem:order-state"
    assert len((await client.get(f"{location}/sagas")).json()) == 1


async def test_a_cancelled_order_cannot_be_cancelled_again(client: AsyncClient, approve, wire):
    location = await approve()
    await client.post(f"{location}/cancellation")
    await wire.answer(StockReleased())
    await wire.answer(CreditReleased())

    problem(await client.post(f"{location}/cancellation"), 409)


async def test_an_order_that_does_not_exist_is_a_404(client: AsyncClient):
    for method, path in (("GET", ""), ("POST", "/cancellation"), ("GET", "/sagas")):
        response = await client.request(method, f"/orders/{uuid4()}{path}")
        assert problem(response, 404)["type"] == "urn:longship:problem:order-not-found"


async def test_an_order_id_that_is_none_is_a_422(client: AsyncClient):
    problem(await client.get("/orders/first"), 422)


async def test_an_orders_sagas_tell_step_by_step_what_happened(
    client: AsyncClient, place: Callable, wire
):
    location = (await place()).headers["location"]
    await wire.answer(CreditReserved())
    await wire.answer(OutOfStock())
    await wire.answer(CreditReleased())

    (saga,) = (await client.get(f"{location}/sagas")).json()

    assert saga["saga_id"] == (await client.get(location)).json()["saga_id"]
    assert (saga["saga_type"], saga["state"]) == ("CreateOrder", "COMPENSATED")
    assert saga["ended_at"] is not None
    assert [(step["kind"], step["step"], step["direction"]) for step in saga["steps"]] == [
        ("started", None, None),
        ("local", "create_order", "action"),
        ("command", "reserve_credit", "action"),
        ("reply", "reserve_credit", "action"),
        ("command", "reserve_stock", "action"),
        ("refusal", "reserve_stock", "action"),
        ("command", "reserve_credit", "compensation"),
        ("reply", "reserve_credit", "compensation"),
        ("local", "create_order", "compensation"),
        ("ended", None, None),
    ]


async def test_orders_are_listed_by_state_a_page_at_a_time(client: AsyncClient, place, wire):
    placed = [UUID((await place(key=f"k{n}")).json()["order_id"]) for n in range(3)]
    await wire.answer(CustomerNotFound())

    async def ids(**parameters: object) -> list[UUID]:
        page = (await client.get("/orders", params=parameters)).json()
        return [UUID(order["order_id"]) for order in page]

    assert placed == sorted(placed)
    assert await ids(limit=2) == placed[:2]
    assert await ids(limit=2, after=placed[1]) == placed[2:]
    assert await ids(state="PENDING") == placed[:2]
    assert await ids(state="REJECTED") == placed[2:]
    problem(await client.get("/orders", params={"state": "LOST"}), 422)


async def test_approving_costs_a_handful_of_statements(
    client: AsyncClient, place: Callable, wire, service_database: Database
):
    await place()
    await wire.answer(CreditReserved())
    await wire.answer(StockReserved())

    with recorded_statements(service_database) as statements:
        await wire.answer(CreditConfirmed())

    changes = [one.split()[0] for one in statements if "FROM outbox" not in one]
    assert changes == ["SELECT", "SELECT", "UPDATE", "WITH", "INSERT"]


async def test_every_status_is_documented(client: AsyncClient):
    paths = (await client.get("/openapi.json")).json()["paths"]

    documented = {
        f"{method} {path}": sorted(operation["responses"])
        for path, operations in paths.items()
        for method, operation in operations.items()
        if path.startswith("/orders")
    }
    assert documented == {
        "post /orders": ["202", "400", "413", "422", "500", "503", "504"],
        "post /orders/{order_id}/cancellation": [
            "202",
            "400",
            "404",
            "409",
            "422",
            "500",
            "503",
            "504",
        ],
        "get /orders/{order_id}": ["200", "400", "404", "422", "500", "503", "504"],
        "get /orders": ["200", "400", "422", "500", "503", "504"],
        "get /orders/{order_id}/sagas": ["200", "400", "404", "422", "500", "503", "504"],
    }


async def test_an_order_shows_which_saga_works_on_it_and_since_when(
    client: AsyncClient, approve: Callable
):
    location = await approve()
    assert (await client.get(location)).json()["worked_on_by"] is None

    cancelling = (await client.post(f"{location}/cancellation")).json()

    work = (await client.get(location)).json()["worked_on_by"]
    assert (work["saga_type"], work["saga_id"]) == ("CancelOrder", cancelling["saga_id"])
    assert work["since"] is not None
