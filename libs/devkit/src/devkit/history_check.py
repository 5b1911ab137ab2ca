"""Whether the history shows what the services say, once it has had time to hear of it."""

import asyncio
import time
from collections.abc import Iterable, Iterator, Mapping
from uuid import UUID

from devkit.books import Books
from devkit.history import HistoryClient, HistoryOrder
from devkit.models import Order, ShipmentState

_LOOK_SECONDS = 0.5


async def history_disagreements(
    history: HistoryClient, books: Books, *, within: float
) -> tuple[str, ...]:
    """A sentence for each order that the history shows otherwise, after ``within`` seconds.

    The books are those of a platform on which nothing moves; orders that are not in them may be in
    the history.
    """
    give_up = time.monotonic() + within
    while True:
        shown = [order async for order in history.orders()]
        found = tuple(differences(books, shown))
        if not found or time.monotonic() > give_up:
            return found
        await asyncio.sleep(_LOOK_SECONDS)


def differences(books: Books, shown: Iterable[HistoryOrder]) -> Iterator[str]:
    """Where the books and the history are not the same."""
    remembered = {order.order_id: order for order in shown}
    shipments = {shipment.order_id: shipment.state for shipment in books.shipments}
    for order in books.orders:
        if order.order_id not in remembered:
            yield f"order {order.order_id} is not in the history"
            continue
        yield from _differences(order, remembered[order.order_id], shipments)


def _differences(
    order: Order, shown: HistoryOrder, shipments: Mapping[UUID, ShipmentState]
) -> Iterator[str]:
    shipped = None if shown.shipment is None else shown.shipment.state
    items = sorted((item.product_id, item.quantity) for item in shown.items)
    for its, there, here in (
        ("its state is", order.state, shown.state),
        ("its reason is", order.rejection_reason, shown.rejection_reason),
        ("its total is", order.total, shown.total),
        ("its lines are", sorted((line.product_id, line.quantity) for line in order.lines), items),
        ("its shipment is", shipments.get(order.order_id), shipped),
    ):
        if there != here:
            said, remembered = _said(there), _said(here)
            yield f"order {order.order_id}: {its} {said}, and {remembered} in the history"


def _said(value: object) -> str:
    return "none" if value is None else str(value)
