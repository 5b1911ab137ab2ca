"""What must not happen to orders while processes die, looked for in the books."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from devkit.books import Books
from devkit.models import IN_FLIGHT, UNDER_WAY, OpenFlow, SagaHistory, Shipment
from devkit.order_check import HeardMessage


@dataclass(frozen=True, kw_only=True, slots=True)
class Findings:
    """Each list holds a sentence for every case."""

    kills: int
    lost: tuple[str, ...]
    applied_twice: tuple[str, ...]
    out_of_order: tuple[str, ...]
    stuck: tuple[str, ...]
    disagreements: tuple[str, ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        found = self.lost + self.applied_twice + self.out_of_order + self.stuck
        return found + self.disagreements

    def as_json(self) -> dict[str, Any]:
        return {
            "kills": self.kills,
            "lost": len(self.lost),
            "applied_twice": len(self.applied_twice),
            "out_of_order": len(self.out_of_order),
            "stuck": len(self.stuck),
            "sums_agree": not self.disagreements,
        }


def lost(books: Books, accepted: Iterable[UUID]) -> Iterator[str]:
    """Accepted orders that are not there or not at their end, or hold goods they never reserved."""
    known = {order.order_id for order in books.orders}
    for order_id in accepted:
        if order_id not in known:
            yield f"order {order_id} was accepted and is not there"
    for order in books.orders:
        if order.state in IN_FLIGHT:
            yield f"order {order.order_id} is still {order.state}"
    credit = {order_id for account in books.accounts for order_id in account.held}
    stock = {(item.product.product_id, order_id) for item in books.stocks for order_id in item.held}
    for order in books.holding:
        if order.order_id not in credit:
            yield f"order {order.order_id} is {order.state} without credit"
        for line in order.lines:
            if (line.product_id, order.order_id) not in stock:
                yield f"order {order.order_id} is {order.state} without {line.product_id}"


def applied_twice(books: Books, accepted: Mapping[str, UUID]) -> Iterator[str]:
    """Requests that gave two orders, and orders that took credit or stock more than once."""
    for order in books.orders:
        if order.order_id not in set(accepted.values()):
            yield f"order {order.order_id} is a second one of a request that was sent again"
    yield from _credit_taken_twice(books)
    yield from _stock_taken_twice(books)


def _credit_taken_twice(books: Books) -> Iterator[str]:
    totals = {order.order_id: order.total for order in books.orders}
    for account in books.accounts:
        customer = account.customer
        for order_id, amount in account.held.items():
            if amount > totals.get(order_id, 0):
                yield f"order {order_id} holds {amount} of credit for {totals.get(order_id, 0)}"
        if customer.reserved + customer.confirmed > sum(account.held.values()):
            yield f"customer {customer.customer_id} owes more than all reservations together"


def _stock_taken_twice(books: Books) -> Iterator[str]:
    ordered: dict[tuple[str, UUID], int] = {}
    for order in books.orders:
        for line in order.lines:
            at = line.product_id, order.order_id
            ordered[at] = ordered.get(at, 0) + line.quantity
    for item in books.stocks:
        product = item.product
        for order_id, quantity in item.held.items():
            due = ordered.get((product.product_id, order_id), 0)
            if quantity > due:
                yield f"order {order_id} holds {quantity} of {product.product_id} for {due}"
        if product.reserved > sum(item.held.values()):
            yield f"product {product.product_id} has more reserved than all reservations together"


def stuck(
    histories: Iterable[SagaHistory], shipments: Iterable[Shipment], flows: Iterable[OpenFlow]
) -> Iterator[str]:
    """Sagas and flows that have not ended, and shipments that are still under way."""
    for history in histories:
        if history.ended_at is None:
            yield f"{history.saga_type} {history.saga_id} is still {history.state}"
    for shipment in shipments:
        if shipment.state in UNDER_WAY:
            yield f"the shipment of order {shipment.order_id} is still {shipment.state}"
    for flow in flows:
        yield f"{flow.flow} of {flow.key} still awaits {flow.awaits}"


def late(messages: Iterable[HeardMessage]) -> Iterator[str]:
    """Messages that came after one that was made later."""
    for message in messages:
        yield f"message {message.message_id} of {message.key} from {message.source} came late"
