"""The relay put together from its settings."""

import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from chassis.bell import Bell
from chassis.relay.drain import Drain
from chassis.relay.http import serving_pages
from chassis.relay.metrics import RelayMetrics
from chassis.relay.pages import RelayPages
from chassis.relay.parking import Failures
from chassis.relay.poke import listening_for_pokes
from chassis.relay.publishing.publisher import Publisher
from chassis.relay.relay import Relay
from chassis.relay.settings import RelaySettings
from chassis.relay.store import OutboxStore
from chassis.relay.wire import Wire

if TYPE_CHECKING:
    from chassis.relay.spans import PublishSpans


@contextlib.asynccontextmanager
async def composed_relay(
    settings: RelaySettings, spans: "PublishSpans | None" = None
) -> AsyncIterator[Relay]:
    """A relay with its doors open, ready for `run`; neither database nor NATS need be there."""
    name = f"{settings.service_name}-relay"
    bell, metrics, failures = Bell(), RelayMetrics(name), Failures()
    wire = Wire(settings.nats_url, name=name, on_connected=bell.ring, metrics=metrics.nats)
    store = OutboxStore(settings.database_url, name=name)
    drain = Drain(
        store=store, publisher=Publisher(wire), failures=failures, metrics=metrics, spans=spans
    )
    relay = Relay(
        store=store, wire=wire, drain=drain, failures=failures, metrics=metrics, bell=bell
    )
    pages = RelayPages(store=store, metrics=metrics, turned_at=lambda: relay.turned_at).pages
    async with (
        wire.running(),
        listening_for_pokes(settings.poke_port, relay.poke),
        serving_pages(settings.metrics_host, settings.metrics_port, pages),
    ):
        yield relay
