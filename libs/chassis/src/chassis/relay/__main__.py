"""`python -m chassis.relay`: the relay as a process of its own."""

import asyncio
import logging
import os
import signal
import sys
from typing import TYPE_CHECKING

import uvloop

from chassis.relay.composition import composed_relay
from chassis.relay.json_logging import configure_logging
from chassis.relay.settings import RelaySettings, SettingsError
from chassis.relay.tracing import publish_spans
from chassis.telemetry.switch import tracing_switch

if TYPE_CHECKING:
    from chassis.relay.spans import PublishSpans

log = logging.getLogger("chassis.relay")


async def run_until_signalled(settings: RelaySettings) -> None:
    """Relay until SIGTERM or SIGINT, and then publish what is committed by that time."""
    with publish_spans(f"{settings.service_name}-relay") as spans:
        await _run(settings, spans)
    log.info("relay stopped")


async def _run(settings: RelaySettings, spans: "PublishSpans | None") -> None:
    async with composed_relay(settings, spans) as relay:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, relay.stop)
        log.info("relay started", extra=_what_is_on(settings))
        await relay.run()


def _what_is_on(settings: RelaySettings) -> dict[str, str]:
    poke, metrics = settings.poke_port, settings.metrics_port
    at = f"{settings.metrics_host}:{metrics}"
    return {
        "service": settings.service_name,
        "poke": f"on: UDP {poke}" if poke else "off: RELAY_POKE_PORT is not set, it polls",
        "metrics": f"on: {at}/metrics" if metrics else "off: RELAY_METRICS_PORT is not set",
        "tracing": str(tracing_switch(os.environ)),
    }


def main() -> None:
    try:
        settings = RelaySettings.from_environment(os.environ)
    except SettingsError as error:
        sys.exit(f"chassis relay: {error}")
    configure_logging(settings.log_level)
    uvloop.run(run_until_signalled(settings))


if __name__ == "__main__":
    main()
