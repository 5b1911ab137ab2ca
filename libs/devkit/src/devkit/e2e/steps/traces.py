"""One trace for each order, in Jaeger, whatever became of the order."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from devkit.books import Books
from devkit.e2e.step import Result, Surroundings
from devkit.eventually import eventually
from devkit.http_client import ApiClient, http_connections
from devkit.models import Order, OrderState
from devkit.tracing.expected import CANCELLED, DELIVERED, REJECTED, UNDELIVERED, ExpectedTrace
from devkit.tracing.jaeger import JaegerClient

_ARRIVING_SECONDS = 90
_SERVICE = "order-service"


async def traces(at: Surroundings) -> Result:
    """Of one order of each kind that there is."""
    if not at.shop.accepted:
        await at.shop.order(at.orders)
        await at.shop.settle()
    figures: dict[str, int] = {}
    faults: list[str] = []
    async with http_connections() as http:
        jaeger = JaegerClient(ApiClient(http, await at.forwards.jaeger(), patience=60))
        with at.stages.stage("asking Jaeger for their traces"):
            for kind, order, expected in chosen(await at.shop.books()):
                if order is None:
                    faults.append(f"there is no {kind} order to look for the trace of")
                    continue
                try:
                    figures[kind] = await _spans(jaeger, order, expected)
                except AssertionError as missing:
                    faults.append(f"the trace of a {kind} order: {missing}")
    return Result(figures={"spans": figures}, faults=tuple(faults))


def chosen(books: Books) -> Iterator[tuple[str, Order | None, ExpectedTrace]]:
    """The last order of each kind, whose spans Jaeger still has, or None where there is none."""
    kinds = {
        "delivered": (OrderState.DELIVERED, None, DELIVERED),
        "undelivered": (OrderState.UNDELIVERED, None, UNDELIVERED),
        "rejected": (OrderState.REJECTED, "OUT_OF_STOCK", REJECTED),
        "cancelled": (OrderState.CANCELLED, None, CANCELLED),
    }
    for kind, (state, reason, expected) in kinds.items():
        alike = [o for o in books.orders if o.state is state and o.rejection_reason == reason]
        yield kind, max(alike, key=lambda order: order.placed_at, default=None), expected


async def _spans(jaeger: JaegerClient, order: Order, expected: ExpectedTrace) -> int:
    """How many spans the one trace of the order has; AssertionError says what it lacks."""
    about = {"saga.type": expected.saga_type, "saga.subject": str(order.order_id)}

    async def whole() -> int:
        trace = await jaeger.whole_trace(_SERVICE, about, since=_before(order.placed_at))
        assert not (found := list(expected.faults(trace))), "; ".join(found)
        return len(trace.spans)

    return await eventually(whole, within=_ARRIVING_SECONDS, every=2)


def _before(moment: datetime) -> datetime:
    return moment - timedelta(seconds=5)
