"""`python -m chassis.relay`: the relay as a process of its own."""

import asyncio
import logging
import os
import signal
import sys

import uvloop

from chassis.relay.composition import composed_relay
from chassis.relay.json_logging import configure_logging
from chassis.relay.settings import RelaySettings, SettingsError

log = logging.getLogger("chassis.relay")


async def run_until_signalled(settings: RelaySettings) -> None:
    """Relay until SIGTERM or SIGINT, and then publish what is committed by that time."""
    async with composed_relay(settings) as relay:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, relay.stop)
        log.info("relay started", extra={"service": settings.service_name})
        await relay.run()
    log.info("relay stopped")


def main() -> None:
    try:
        settings = RelaySettings.from_environment(os.environ)
    except SettingsError as error:
        sys.exit(f"chassis relay: {error}")
    configure_logging(settings.log_level)
    uvloop.run(run_until_signalled(settings))


if __name__ == "__main__":
    main()
