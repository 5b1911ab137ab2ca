"""What the order history needs of order-service."""

from decimal import Decimal

import pytest

from devkit.contracts.consuming import given
from devkit.contracts.needs import a_count, a_moment, a_uuid, an_amount, some, text
from order_history_service.messaging import subscriptions as heard

ORDER = "0199f3a1-0000-7000-8000-00000000000a"
OF_ORDER = {"order_id": a_uuid(ORDER), "customer_id": text("ALFKI")}
LINES = some({"product_id": text("11"), "quantity": a_count(12), "unit_price": an_amount("14.00")})


@pytest.fixture
def orders(needs):
    return needs("order-history-service", "order-service")


async def test_a_placed_order_is_shown_with_its_lines(orders, show):
    with orders.says(
        "an order that was placed",
        heard.OrderPlaced,
        given=given("an order was placed"),
        body=OF_ORDER | {"lines": LINES, "total": an_amount("168.00"), "placed_at": a_moment()},
    ) as event:
        rows = await show(event)

        assert rows["orders"][0]["state"] == "PENDING"
        assert rows["order_lines"][0]["unit_price"] == Decimal("14.00")


@pytest.mark.parametrize(
    "case",
    [
        ("an order was approved", heard.OrderApproved, {"decided_at": a_moment()}, "APPROVED"),
        (
            "an order was rejected",
            heard.OrderRejected,
            {"decided_at": a_moment(), "rejection_reason": text("CUSTOMER_NOT_FOUND")},
            "REJECTED",
        ),
        ("an order was delivered", heard.OrderDelivered, {"ended_at": a_moment()}, "DELIVERED"),
        (
            "an order could not be delivered",
            heard.OrderUndelivered,
            {"ended_at": a_moment()},
            "UNDELIVERED",
        ),
        ("an order was cancelled", heard.OrderCancelled, {"ended_at": a_moment()}, "CANCELLED"),
    ],
)
async def test_an_order_is_shown_in_the_state_it_came_to(orders, show, case):
    state, event, body, shown = case
    with orders.says(state, event, given=given(state), body=OF_ORDER | body) as said:
        rows = await show(said)

        assert rows["orders"][0]["state"] == shown


async def test_a_snapshot_shows_the_order_as_its_events_would(orders, show):
    with orders.says(
        "a snapshot of an approved order",
        heard.OrderSnapshot,
        given=given("a snapshot of an approved order was taken"),
        body=OF_ORDER
        | {
            "lines": LINES,
            "total": an_amount("168.00"),
            "state": "APPROVED",
            "rejection_reason": None,
            "placed_at": a_moment(),
            "decided_at": a_moment(),
            "ended_at": None,
        },
    ) as event:
        rows = await show(event)

        assert rows["orders"][0]["state"] == "APPROVED"
        assert len(rows["order_lines"]) == 1
