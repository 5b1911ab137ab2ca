"""Something for the history to show: a few orders that all services have told of."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import nats

from chassis.messaging.contracts import Event
from chassis.messaging.description import topology_of
from chassis.messaging.envelope import OutgoingMessage
from chassis.messaging.provisioner import provision
from customer_service.messaging.contracts import CustomerRegistered
from inventory_service.messaging.contracts import ProductRegistered
from order_service.messaging.contracts import (
    OrderApproved,
    OrderDelivered,
    OrderedLine,
    OrderPlaced,
)
from shipping_service.messaging.contracts import ShipmentScheduled, ShippedLine

OWNERS = ("order_service", "customer_service", "inventory_service", "shipping_service")
READER = "order_history_service"
NOW = datetime(2026, 1, 2, tzinfo=UTC)


def tell_history(nats_url: str) -> None:
    """Make all streams, and put the events into them."""
    asyncio.run(_tell(nats_url))


async def _tell(nats_url: str) -> None:
    client = await nats.connect(nats_url)
    try:
        owners = [topology_of(package) for package in OWNERS]
        await provision(client.jetstream(), [*owners, topology_of(READER)])
        channels = {channel.context: channel for channel in topology_of(READER).reads}
        for event in _events():
            message = OutgoingMessage(message=event, key=event.key)
            await client.jetstream(timeout=60).publish(
                channels[event.context].subject(event.wire_type, event.key),
                event.to_body(),
                headers=dict(message.headers(f"{event.context}-service")),
            )
    finally:
        await client.close()


def _events() -> Iterator[Event]:
    yield CustomerRegistered(customer_id="ALFKI", name="Alfreds Futterkiste", country="Germany")
    yield ProductRegistered(product_id="11", name="Queso Cabrales")
    for number in range(1, 8):
        order = {"order_id": UUID(int=number), "customer_id": "ALFKI"}
        line = OrderedLine(product_id="11", quantity=number, unit_price=Decimal("14.00"))
        goods = {"lines": (line,), "total": number * Decimal("14.00")}
        yield OrderPlaced(**order, **goods, placed_at=NOW)
        yield OrderApproved(**order, **goods, decided_at=NOW)
        shipped = (ShippedLine(product_id="11", quantity=number),)
        yield ShipmentScheduled(**order, lines=shipped, scheduled_at=NOW)
        if number % 2:
            yield OrderDelivered(**order, ended_at=NOW)


def forget(nats_url: str) -> None:
    """Delete all streams."""
    asyncio.run(_forget(nats_url))


async def _forget(nats_url: str) -> None:
    client = await nats.connect(nats_url)
    try:
        for stream in await client.jetstream().streams_info():
            await client.jetstream().delete_stream(stream.config.name or "")
    finally:
        await client.close()
