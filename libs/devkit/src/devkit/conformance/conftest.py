"""The running platform, and who writes to it: one for all modules of the suite."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import pytest_asyncio

from devkit.carrier import Carrier
from devkit.conformance.correspondent import Correspondent, corresponding
from devkit.platform import Platform, running_platform
from devkit.private_folder import private_folder
from devkit.run_folder import RunFolder
from devkit.tracing.destination import SpanDestination, span_destination

# Nothing goes on by itself while the suite looks
_NO_PICKUP = Carrier(pickup_seconds=86_400, transit_seconds=86_400, failure_percent=0)


@pytest.fixture(scope="package")
def spans() -> Iterator[SpanDestination]:
    with span_destination({}) as destination:
        yield destination


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def platform(spans: SpanDestination) -> AsyncIterator[Platform]:
    """All services, with tracing on."""
    with private_folder("longship-conformance-") as folder:
        run = RunFolder(folder / "run")
        started = running_platform(run, print, carrier=_NO_PICKUP, environment=spans.environment)
        async with started as running:
            yield running


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def correspondent(platform: Platform) -> AsyncIterator[Correspondent]:
    async with corresponding(platform) as one:
        yield one


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        yield client
