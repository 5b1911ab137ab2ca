"""One trace for each saga, read from what all processes export while orders are carried through.

The trees below were written by hand. A line is a span: its service, below its parent, with a mark
for a compensation and one for an error. Siblings are in the order of their start; those who process
one event side by side, in the order of their names.
"""

import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import httpx
import nats
import pytest
import pytest_asyncio
from nats.aio.msg import Msg
from opentelemetry.trace import SpanKind

from devkit.carrier import Carrier
from devkit.clients import Clients, clients_of
from devkit.deployables import API_GATEWAY, THE_SHOP
from devkit.eventually import eventually
from devkit.models import IN_SAGA, Line, OrderState
from devkit.platform import Platform, running_platform
from devkit.run_folder import RunFolder
from devkit.tracing.receiver import Receiver, receiving_spans
from devkit.tracing.span import Span
from devkit.tracing.store import SpanStore
from devkit.tracing.trace import Trace

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

DELIVERED = """
order-service           POST /orders
order-service             saga CreateOrder create_order
order-service               create order.events
order-service-relay           publish order.events
order-service             saga CreateOrder reserve_credit
order-service               create customer.commands
order-service-relay           publish customer.commands
customer-service              process customer.commands
customer-service                create order.replies
customer-service-relay            publish order.replies
order-service                     process order.replies
order-service                       saga CreateOrder reserve_stock
order-service                         create inventory.commands
order-service-relay                     publish inventory.commands
inventory-service                       process inventory.commands
inventory-service                         create order.replies
inventory-service-relay                     publish order.replies
order-service                               process order.replies
order-service                                 saga CreateOrder confirm_credit
order-service                                   create customer.commands
order-service-relay                               publish customer.commands
customer-service                                  process customer.commands
customer-service                                    create order.replies
customer-service-relay                                publish order.replies
order-service                                         process order.replies
order-service                                           saga CreateOrder approve_order
order-service                                             create order.events
order-service-relay                                         publish order.events
shipping-service                                            process order.events
shipping-service                                              create shipping.events
shipping-service-relay                                          publish shipping.events
inventory-service                                               process shipping.events
inventory-service                                                 create inventory.events
inventory-service-relay                                             publish inventory.events
order-service                                                       process inventory.events
shipping-service                                                    process inventory.events
shipping-service                                                      create shipping.events
shipping-service-relay                                                  publish shipping.events
shipping-service                                                      create shipping.events
shipping-service-relay                                                  publish shipping.events
order-service                                                           process shipping.events
order-service                                                             create order.events
order-service-relay                                                         publish order.events
order-service                                                   process shipping.events
"""

REJECTED = """
order-service           POST /orders
order-service             saga CreateOrder create_order
order-service               create order.events
order-service-relay           publish order.events
order-service             saga CreateOrder reserve_credit
order-service               create customer.commands
order-service-relay           publish customer.commands
customer-service              process customer.commands
customer-service                create order.replies
customer-service-relay            publish order.replies
order-service                     process order.replies
order-service                       saga CreateOrder reserve_stock ERROR
order-service                         create inventory.commands
order-service-relay                     publish inventory.commands
inventory-service                       process inventory.commands
inventory-service                         create order.replies
inventory-service-relay                     publish order.replies
order-service                               process order.replies
order-service                                 saga CreateOrder reserve_credit compensation
order-service                                   create customer.commands
order-service-relay                               publish customer.commands
customer-service                                  process customer.commands compensation
customer-service                                    create order.replies
customer-service-relay                                publish order.replies
order-service                                         process order.replies compensation
order-service                                           saga CreateOrder create_order compensation
order-service                                             create order.events
order-service-relay                                         publish order.events
"""

CANCELLED = """
order-service           POST /orders/{order_id}/cancellation
order-service             saga CancelOrder begin_cancellation
order-service             saga CancelOrder release_stock
order-service               create inventory.commands
order-service-relay           publish inventory.commands
inventory-service             process inventory.commands
inventory-service               create order.replies
inventory-service-relay           publish order.replies
order-service                     process order.replies
order-service                       saga CancelOrder release_credit
order-service                         create customer.commands
order-service-relay                     publish customer.commands
customer-service                        process customer.commands
customer-service                          create order.replies
customer-service-relay                      publish order.replies
order-service                               process order.replies
order-service                                 saga CancelOrder confirm_cancellation
order-service                                   create order.events
order-service-relay                               publish order.events
"""


def tree(trace: Trace) -> str:
    """The trace as it is written above."""
    return "\n".join(["", *_lines(trace, trace.roots, depth=0), ""])


def _lines(trace: Trace, spans: list[Span], depth: int) -> Iterator[str]:
    for span in sorted(spans, key=_place):
        marks = "".join(
            [
                " compensation" * (span.attributes.get("saga.direction") == "compensation"),
                " ERROR" * span.is_error,
            ]
        )
        yield f"{span.service:<24}{'  ' * depth}{span.name}{marks}"
        yield from _lines(trace, trace.children(span), depth + 1)


def _place(span: Span) -> tuple[bool, str, int, str]:
    consumes = span.kind is SpanKind.CONSUMER
    return consumes, span.service if consumes else "", span.start_ns, span.name


SERVICES = {"order-service", "customer-service", "inventory-service", "shipping-service"}
CARRIER = Carrier(pickup_seconds=10, transit_seconds=0.1, failure_percent=0)
"""An order is cancelled before its goods are picked up, or else it is delivered."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shop:
    """The platform with tracing on, one customer and one product."""

    platform: Platform
    clients: Clients
    spans: SpanStore

    async def order(self, key: str, *, quantity: int) -> UUID:
        line = Line(product_id="11", quantity=quantity, unit_price=Decimal("1.00"))
        return await self.clients.orders.place(key=key, customer_id="ALFKI", lines=(line,))

    async def is_decided(self, order_id: UUID) -> OrderState:
        async def decided() -> OrderState | None:
            state = (await self.clients.orders.order(order_id)).state
            return None if state in IN_SAGA else state

        state = await eventually(decided, within=60)
        assert state is not None
        return state

    @asynccontextmanager
    async def everything_sent(self) -> AsyncIterator[list[Msg]]:
        """What is published to the services' commands from now on."""
        client = await nats.connect(self.platform.addresses.nats, inbox_prefix=b"_INBOX_observer")
        sent: list[Msg] = []

        async def note(message: Msg) -> None:
            sent.append(message)

        try:
            await client.subscribe("*.commands.>", cb=note)
            await client.flush()
            yield sent
        finally:
            await client.close()

    async def send_again(self, sent: list[Msg]) -> None:
        """Deliver commands once more, as after a crash that came before their acknowledgement."""
        assert sent
        url = (self.platform.folder.path / "secrets" / "order-service-relay-nats-url").read_text()
        client = await nats.connect(url, inbox_prefix=b"_INBOX_order-service-relay")
        for message in tuple(sent):  # what is sent again is noted as well
            headers = {**(message.headers or {}), "Nats-Msg-Id": str(uuid4())}
            await client.jetstream().publish(message.subject, message.data, headers=headers)
        await client.close()

    async def trace(self, saga_type: str, order_id: UUID, *, like: str) -> Trace:
        """The one trace of an order's saga, once it is complete; at last it has to be `like` this.

        A step without children may be on its way for as long as exporters batch.
        """

        def whole() -> Trace:
            about = {"saga.type": saga_type, "saga.subject": str(order_id)}
            trace = self.spans.whole_trace(about)
            assert tree(trace) == like
            return trace

        return await eventually(whole, within=60)


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    """A collector, which all processes that are started meanwhile export to."""
    variables = {"OTEL_BSP_SCHEDULE_DELAY": "200"}
    with receiving_spans() as receiver, pytest.MonkeyPatch.context() as environment:
        environment.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.endpoint)
        for name, value in variables.items():
            environment.setenv(name, value)
        yield receiver


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(receiver: Receiver, folder: RunFolder) -> AsyncIterator[Shop]:
    async with (
        running_platform(folder, print, services=THE_SHOP, carrier=CARRIER) as platform,
        clients_of(platform.addresses) as clients,
    ):
        await clients.customers.put("ALFKI", name="Alfreds", country="Germany", limit=Decimal(900))
        await clients.inventory.put("11", name="Queso", on_hand=30)
        yield Shop(platform=platform, clients=clients, spans=receiver.spans)


async def test_an_order_is_one_trace_from_the_request_to_its_delivery(shop: Shop) -> None:
    order_id = await shop.order("delivered", quantity=1)
    assert await shop.is_decided(order_id) is OrderState.APPROVED

    trace = await shop.trace("CreateOrder", order_id, like=DELIVERED)

    assert {service.removesuffix("-relay") for service in trace.services} == SERVICES
    assert [span for span in trace.spans if span.is_error] == []
    _check_messages(trace)


async def test_messages_that_come_twice_and_relays_that_restart_leave_the_trace_as_it_is(
    shop: Shop,
) -> None:
    async with shop.everything_sent() as sent:
        order_id = await shop.order("disturbed", quantity=1)
        for relay in ("order-service-relay", "customer-service-relay"):
            os.kill(shop.platform.supervisor.pids[relay], signal.SIGTERM)
        assert await shop.is_decided(order_id) is OrderState.APPROVED
        await shop.send_again(sent)

    await shop.trace("CreateOrder", order_id, like=DELIVERED)


async def test_a_rejected_order_shows_its_compensation_and_an_error_only_where_it_was_refused(
    shop: Shop,
) -> None:
    order_id = await shop.order("rejected", quantity=31)
    assert await shop.is_decided(order_id) is OrderState.REJECTED

    trace = await shop.trace("CreateOrder", order_id, like=REJECTED)

    (failed,) = [span for span in trace.spans if span.is_error]
    assert failed.has({"saga.outcome": "refused", "error.type": "inventory.OutOfStock.v1"})
    _check_messages(trace)


async def test_a_cancellation_is_a_trace_of_its_own_found_by_its_order(shop: Shop) -> None:
    order_id = await shop.order("cancelled", quantity=1)
    assert await shop.is_decided(order_id) is OrderState.APPROVED
    await shop.clients.orders.cancel(order_id)
    assert await shop.is_decided(order_id) is OrderState.CANCELLED

    trace = await shop.trace("CancelOrder", order_id, like=CANCELLED)

    _check_messages(trace)
    both = shop.spans.traces({"saga.subject": str(order_id)})
    assert [found.roots[0].name for found in both] == ["POST /orders", trace.roots[0].name]


async def test_a_query_of_several_services_is_one_trace(shop: Shop) -> None:
    order_id = await shop.order("queried", quantity=1)
    trace_id = uuid4().hex
    headers = {
        "Authorization": f"Bearer {shop.platform.issuer.token('clerk', scopes=['staff'])}",
        "traceparent": f"00-{trace_id}-00f067aa0ba902b7-01",
    }
    async with httpx.AsyncClient(
        base_url=shop.platform.addresses.http[API_GATEWAY], trust_env=False, timeout=60
    ) as http:
        await http.get(f"/orders/{order_id}", headers=headers)

    def answered() -> set[tuple[str, str]]:
        trace = shop.spans.trace(trace_id)
        spans = () if trace is None else trace.spans
        return {(one.service, one.name) for one in spans if one.kind is SpanKind.SERVER}

    expected = {
        ("api-gateway", "GET /orders/{order_id}"),
        ("order-service", "GET /orders/{order_id}"),
        ("customer-service", "GET /customers/{customer_id}"),
        ("inventory-service", "GET /products"),
        ("inventory-service", "GET /reservations/{order_id}"),
        ("shipping-service", "GET /shipments/{order_id}"),
        ("order-history-service", "GET /orders/{order_id}"),
    }
    await eventually(lambda: answered() == expected, within=60)


def _check_messages(trace: Trace) -> None:
    """Whatever handles a message is linked to where it was made, and says how it came."""
    spans = {span.span_id: span for span in trace.spans}
    for span in trace.spans:
        if span.kind is SpanKind.CONSUMER:
            assert [spans[link.span_id].kind for link in span.links] == [SpanKind.PRODUCER]
            assert [link.span_id for link in span.links] == [span.parent_id]
            assert span.attributes["messaging.nats.delivery_count"] == 1
            assert span.attributes["messaging.nats.stream_sequence"] > 0
        if span.kind in {SpanKind.CONSUMER, SpanKind.PRODUCER, SpanKind.CLIENT}:
            assert span.attributes["messaging.system"] == "nats"
            assert UUID(span.attributes["messaging.message.id"])


async def test_no_log_tells_a_password_or_what_a_customer_typed(shop: Shop) -> None:
    name = "Alfreds Futterkiste"
    await shop.clients.customers.put("ALFKI", name=name, country="Germany", limit=Decimal(900))
    folder = shop.platform.folder

    logs = "".join(path.read_text() for path in folder.logs.glob("*.log"))

    secrets = [path.read_text() for path in (folder.path / "secrets").iterdir()]
    # of a key in several lines, one tells
    passwords = {
        urlsplit(secret).password or max(secret.splitlines(), key=len) for secret in secrets
    }
    assert len(passwords) >= len(SERVICES)
    assert [told for told in (name, *passwords) if told in logs] == []
    assert '"tracing": "on' in logs
