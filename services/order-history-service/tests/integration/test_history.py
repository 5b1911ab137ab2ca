"""What is asked of the history after others have told of orders, on real streams and tables."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count, permutations
from typing import Any
from uuid import UUID

from httpx import Response

from chassis.http.consistency import CONSISTENCY_TOKEN, token_headers
from chassis.ids import new_id
from chassis.messaging.contracts import Event
from chassis.messaging.envelope import OutgoingMessage
from chassis.messaging.topology import events
from order_history_service.messaging.subscriptions import (
    CustomerRegistered,
    OrderApproved,
    OrderCancelled,
    OrderDelivered,
    OrderedLine,
    OrderPlaced,
    OrderRejected,
    ProductRegistered,
    ShipmentDelivered,
    ShipmentDispatched,
    ShipmentScheduled,
)

EVENTS = events("order")
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
ALFREDS = CustomerRegistered(customer_id="ALFKI", name="Alfreds Futterkiste", country="Germany")
QUESO = ProductRegistered(product_id="11", name="Queso Cabrales")
TOFU = ProductRegistered(product_id="14", name="Tofu, firm")


def minutes(number: int) -> datetime:
    return NOON + timedelta(minutes=number)


def placed(
    order_id: UUID | None = None,
    *,
    customer: str = "ALFKI",
    product: str = "11",
    total: str = "28.00",
    at: datetime = NOON,
) -> OrderPlaced:
    lines = (OrderedLine(product_id=product, quantity=2, unit_price=Decimal(total) / 2),)
    return OrderPlaced(
        order_id=order_id or new_id(),
        customer_id=customer,
        lines=lines,
        total=Decimal(total),
        placed_at=at,
    )


def approved(order: OrderPlaced) -> OrderApproved:
    return OrderApproved(
        order_id=order.order_id, customer_id=order.customer_id, decided_at=minutes(1)
    )


def delivered(order: OrderPlaced) -> OrderDelivered:
    return OrderDelivered(
        order_id=order.order_id, customer_id=order.customer_id, ended_at=minutes(4)
    )


def rejected(order: OrderPlaced) -> OrderRejected:
    return OrderRejected(
        order_id=order.order_id,
        customer_id=order.customer_id,
        rejection_reason="OUT_OF_STOCK",
        decided_at=minutes(1),
    )


def cancelled(order: OrderPlaced) -> OrderCancelled:
    return OrderCancelled(
        order_id=order.order_id, customer_id=order.customer_id, ended_at=minutes(2)
    )


def shipping(order: OrderPlaced) -> Iterator[Event]:
    yield ShipmentScheduled(order_id=order.order_id, scheduled_at=minutes(2))
    yield ShipmentDispatched(order_id=order.order_id, dispatched_at=minutes(3))
    yield ShipmentDelivered(order_id=order.order_id, ended_at=minutes(4))


def moment(number: int) -> str:
    return minutes(number).isoformat().replace("+00:00", "Z")


def ids(orders: list[dict[str, Any]]) -> list[str]:
    return [order["order_id"] for order in orders]


def problem(answer: Response, status: int, name: str) -> str:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == f"urn:longship:problem:{name}"
    detail: str = answer.json()["detail"]
    return detail


async def test_an_order_is_shown_with_all_that_became_of_it(history):
    order = placed()
    await history.hear(ALFREDS, QUESO, order, approved(order), *shipping(order), delivered(order))

    assert await history.get(f"/orders/{order.order_id}") == {
        "order_id": str(order.order_id),
        "customer_id": "ALFKI",
        "customer_name": "Alfreds Futterkiste",
        "state": "DELIVERED",
        "rejection_reason": None,
        "total": "28.00",
        "placed_at": moment(0),
        "decided_at": moment(1),
        "ended_at": moment(4),
        "items": [
            {
                "product_id": "11",
                "product_name": "Queso Cabrales",
                "quantity": 2,
                "unit_price": "14.00",
            }
        ],
        "changes": [
            {"state": "PENDING", "at": moment(0)},
            {"state": "APPROVED", "at": moment(1)},
            {"state": "DELIVERED", "at": moment(4)},
        ],
        "shipment": {
            "state": "DELIVERED",
            "scheduled_at": moment(2),
            "dispatched_at": moment(3),
            "ended_at": moment(4),
        },
    }


async def test_an_order_whose_beginning_has_not_arrived_is_not_shown_half(history):
    late = placed()
    await history.hear(ALFREDS, approved(late), *shipping(late))

    answer = await history.ask(f"/orders/{late.order_id}")
    assert str(late.order_id) in problem(answer, 404, "order-not-found")
    assert await history.get("/orders") == {"orders": [], "next_cursor": None}
    assert (await history.get("/customers/ALFKI/summary"))["orders"] == 0


async def test_what_is_not_known_yet_is_null_and_comes_later(history):
    order = placed()
    await history.hear(order)
    shown = await history.get(f"/orders/{order.order_id}")
    assert (shown["customer_name"], shown["shipment"]) == (None, None)
    assert shown["items"][0]["product_name"] is None

    await history.hear(QUESO, ALFREDS, ProductRegistered(product_id="11", name="Queso Manchego"))

    shown = await history.get(f"/orders/{order.order_id}")
    assert shown["customer_name"] == "Alfreds Futterkiste"
    assert shown["items"][0]["product_name"] == "Queso Manchego"


@dataclass(frozen=True, slots=True)
class Story:
    """The same things happening to another order, of another customer, with another product."""

    number: int

    def of(self, context: str) -> list[Event]:
        order = placed(UUID(int=self.number), customer=f"C{self.number}", product=f"P{self.number}")
        stories: dict[str, list[Event]] = {
            "customer": [
                ALFREDS.model_copy(update={"customer_id": f"C{self.number}"}),
            ],
            "inventory": [QUESO.model_copy(update={"product_id": f"P{self.number}"})],
            "order": [order, approved(order), delivered(order)],
            "shipping": [*shipping(order)],
        }
        return stories[context]

    def without_names(self, order: dict[str, Any]) -> dict[str, Any]:
        items = [{**item, "product_id": "P"} for item in order["items"]]
        return {**order, "order_id": "O", "customer_id": "C", "items": items}


async def test_whichever_context_tells_first_the_history_is_the_same(history):
    """Each order of the four is tried; within a context, events keep theirs."""
    orders = list(permutations(("customer", "inventory", "order", "shipping")))
    for turn in range(4):
        told = [Story(number).of(order[turn]) for number, order in enumerate(orders, start=1)]
        await history.hear(*(event for events in told for event in events))

    shown = []
    for number in range(1, len(orders) + 1):
        order = await history.get(f"/orders/{UUID(int=number)}")
        shown.append(Story(number).without_names(order))
    assert len(shown) == 24
    assert all(one == shown[0] for one in shown)
    assert shown[0]["customer_name"] == "Alfreds Futterkiste"
    assert shown[0]["items"][0]["product_name"] == "Queso Cabrales"
    assert shown[0]["shipment"]["state"] == shown[0]["state"] == "DELIVERED"


async def test_what_is_said_again_later_changes_nothing(history):
    order = placed()
    told = (order, approved(order), cancelled(order))
    outgoing = [OutgoingMessage(message=event, key=event.key) for event in told]
    for repetition in ("", "-again"):
        for message in outgoing:
            await history.send(message, again=repetition)
        await history.send(outgoing[0], again=f"{repetition}-late")
    await history.hear(placed_behind(order))

    shown = await history.get(f"/orders/{order.order_id}")
    assert shown["state"] == "CANCELLED"
    assert len(shown["items"]) == 1
    summary = await history.get("/customers/ALFKI/summary")
    assert summary["by_state"] == {"CANCELLED": {"orders": 1, "total": "28.00"}}


def placed_behind(order: OrderPlaced) -> OrderPlaced:
    """Somebody else's order, whose events come in the same partition."""
    partition = EVENTS.partition(str(order.order_id))
    others = (new_id() for _ in count())
    return placed(
        next(one for one in others if EVENTS.partition(str(one)) == partition), customer="BLAUS"
    )


async def test_a_summary_adds_up_a_customers_orders_and_nobody_elses(history):
    orders = [placed(total=total) for total in ("10.00", "200.00", "3000.00", "40000.00", "5.50")]
    _pending, first, second, third, fourth = orders
    strangers = placed(customer="BLAUS", total="7.00")
    await history.hear(
        ALFREDS,
        *orders,
        strangers,
        *(approved(one) for one in (first, second, third)),
        rejected(fourth),
        delivered(second),
        cancelled(third),
    )

    assert await history.get("/customers/ALFKI/summary") == {
        "customer_id": "ALFKI",
        "name": "Alfreds Futterkiste",
        "country": "Germany",
        "orders": 5,
        "spent": "3000.00",
        "open": "210.00",
        "cancelled": "40000.00",
        "by_state": {
            "PENDING": {"orders": 1, "total": "10.00"},
            "APPROVED": {"orders": 1, "total": "200.00"},
            "DELIVERED": {"orders": 1, "total": "3000.00"},
            "CANCELLED": {"orders": 1, "total": "40000.00"},
            "REJECTED": {"orders": 1, "total": "5.50"},
        },
    }
    assert (await history.get("/customers/BLAUS/summary"))["open"] == "7.00"
    answer = await history.ask("/customers/NOBODY/summary")
    assert "NOBODY" in problem(answer, 404, "customer-not-found")


async def test_a_sum_may_be_larger_than_any_order(history):
    largest = [placed(total="999999999999.98") for _ in range(2)]
    await history.hear(*largest, *(approved(one) for one in largest))

    assert (await history.get("/customers/ALFKI/summary"))["open"] == "1999999999999.96"


async def test_pages_are_newest_first_and_stay_so_while_orders_arrive(history):
    same_moment = [placed(at=minutes(7)) for _ in range(3)]
    orders = [*(placed(at=minutes(minute)) for minute in (3, 9, 1, 5)), *same_moment]
    await history.hear(*orders, placed(customer="BLAUS", at=minutes(6)))
    expected = sorted(orders, key=lambda one: (one.placed_at, one.order_id), reverse=True)

    turned = []
    async for page in history.pages("/customers/ALFKI/orders", limit=2):
        turned += page
        await history.hear(placed(at=minutes(10 + len(turned))))

    assert ids(turned) == [str(one.order_id) for one in expected]
    newest = await history.get("/customers/ALFKI/orders", limit=1)
    assert ids(newest["orders"]) != ids(turned[:1])
    assert await history.get("/customers/NOBODY/orders") == {"orders": [], "next_cursor": None}


async def test_the_last_page_says_so_also_when_it_is_full(history):
    await history.hear(placed(), placed())
    assert [len(page) async for page in history.pages("/orders", limit=1)] == [1, 1]
    assert [len(page) async for page in history.pages("/orders", limit=2)] == [2]


async def test_orders_are_found_by_state_and_by_when_they_were_placed(history):
    first, second, third = (placed(at=minutes(minute)) for minute in (1, 2, 3))
    await history.hear(first, second, third, approved(first), rejected(second))

    async def found(**filters: Any) -> list[str]:
        return ids((await history.get("/orders", **filters))["orders"])

    assert await found(state="APPROVED") == [str(first.order_id)]
    assert await found(state=["APPROVED", "PENDING"]) == [str(third.order_id), str(first.order_id)]
    assert await found(placed_from=moment(2)) == [str(third.order_id), str(second.order_id)]
    assert await found(placed_before=moment(2)) == [str(first.order_id)]
    assert await found(placed_from=moment(2), placed_before=moment(3)) == [str(second.order_id)]
    assert await found(placed_from="2026-11-24T15:03:00+03:00") == [str(third.order_id)]
    assert await found(placed_from=moment(2), state="APPROVED") == []


async def test_orders_are_found_by_the_words_of_their_items(history):
    with_queso, with_tofu = placed(product="11"), placed(product="14", at=minutes(1))
    await history.hear(QUESO, TOFU, with_queso, with_tofu, placed(product="99"))

    async def found(search: str, path: str = "/orders") -> list[str]:
        return ids((await history.get(path, search=search))["orders"])

    queso, tofu = str(with_queso.order_id), str(with_tofu.order_id)
    assert await found("cabrales QUESO") == [queso]
    assert await found('"tofu firm"') == [tofu]
    assert await found('"firm tofu"') == []
    assert await found("tofu or queso") == [tofu, queso]
    assert await found("firm -tofu") == []
    assert await found("que") == []
    assert await found("queso", "/customers/ALFKI/orders") == [queso]
    assert await found("queso", "/customers/BLAUS/orders") == []
    assert await found("it's ); DROP (&|!* <->") == []


async def test_what_cannot_be_asked_for_is_refused_with_what_to_do(history):
    for path in ("/orders", "/customers/ALFKI/orders"):
        await is_refused(history, path)


async def is_refused(history, path: str) -> None:
    answer = await history.ask(path, cursor="zzz")
    assert "next_cursor" in problem(answer, 422, "invalid-cursor")
    answer = await history.ask(path, placed_from=moment(2), placed_before=moment(1))
    assert "placed_before" in problem(answer, 422, "invalid-filter")
    answer = await history.ask(path, search="--")
    assert "word" in problem(answer, 422, "invalid-filter")
    for wrong in (
        {"state": "LOST"},
        {"placed_from": "2026-11-24T12:00:00"},  # in which time zone?
        {"placed_from": "yesterday"},
        {"placed_before": "0001-01-01T00:00:00+14:00"},
        {"limit": 0},
        {"limit": 201},
        {"search": "a\x00b"},
        {"search": ""},
    ):
        answer = await history.ask(path, **wrong)
        assert answer.status_code == 422, wrong
        assert answer.headers["content-type"] == "application/problem+json"
        [error] = answer.json()["errors"]
        assert next(iter(wrong)) in error["pointer"]


PATHS = ("/orders", "/orders/{order}", "/customers/ALFKI/orders", "/customers/ALFKI/summary")


def newest_or_number(answer: dict[str, Any]) -> str | int:
    """The newest order of a page, the order, or how many there are."""
    if "order_id" in answer:
        return str(answer["order_id"])
    orders = answer["orders"]
    return orders if isinstance(orders, int) else ids(orders)[0]


async def test_who_sends_the_token_of_a_write_finds_it_at_once(history):
    for number, path in enumerate(5 * PATHS, start=1):
        order = placed(at=minutes(number))
        outgoing = OutgoingMessage(message=order, key=order.key)
        await history.send(outgoing)

        answer = await history.get(
            path.format(order=order.order_id), headers=token_headers(outgoing.message_id)
        )

        assert newest_or_number(answer) in (str(order.order_id), number)


async def test_a_write_that_does_not_come_is_not_waited_for_for_ever(history):
    await history.hear(ALFREDS)
    for asked in (f"/orders/{UUID(int=1)}", "/customers/ALFKI/summary"):
        answer = await history.ask(asked, headers=token_headers(new_id()))
        assert "again" in problem(answer, 202, "write-not-shown")
        assert answer.headers["Retry-After"] == "1"
        answer = await history.ask(asked, headers={CONSISTENCY_TOKEN: "yesterday"})
        assert answer.status_code == 422
