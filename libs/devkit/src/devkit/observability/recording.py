"""Scraping a running platform, as its Prometheus would."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx

from chassis.tasks import end
from devkit.deployables import relay_of
from devkit.platform import Addresses
from devkit.promql.series import History

SCRAPE_TIMEOUT_SECONDS = 4.0


@dataclass(frozen=True, slots=True)
class Target:
    """`job` is the deployable's name, as the charts set it."""

    job: str
    url: str

    @property
    def instance(self) -> str:
        return self.url.removeprefix("http://")


Pages = dict[Target, str | None]
"""What each target answered; None if it did not."""


def targets_of(addresses: Addresses) -> list[Target]:
    services = [Target(name, url) for name, url in addresses.http.items()]
    return services + [Target(relay_of(name), url) for name, url in addresses.relays.items()]


async def scrape(targets: list[Target]) -> Pages:
    """Ask all targets at once."""
    async with httpx.AsyncClient(trust_env=False, timeout=SCRAPE_TIMEOUT_SECONDS) as http:
        pages = await asyncio.gather(*(_page(http, target) for target in targets))
    return dict(zip(targets, pages, strict=True))


def enter(history: History, pages: Pages, at: float) -> None:
    for target, page in pages.items():
        history.scraped(page, at=at, job=target.job, instance=target.instance)


@asynccontextmanager
async def recording(addresses: Addresses, *, every: float) -> AsyncIterator[History]:
    """A history that is written until the end of the block, with a last scrape there."""
    history, targets = History(), targets_of(addresses)

    async def once() -> None:
        pages = await scrape(targets)
        enter(history, pages, time.time())

    async def run() -> None:
        while True:
            await once()
            await asyncio.sleep(every)

    recorder = asyncio.create_task(run())
    try:
        yield history
    finally:
        await end(recorder)
    await once()


async def _page(http: httpx.AsyncClient, target: Target) -> str | None:
    try:
        answer = await http.get(f"{target.url}/metrics")
    except httpx.TransportError:
        return None
    return answer.text if answer.is_success else None
