"""One platform for all tests of a file."""

from collections.abc import AsyncIterator

import pytest_asyncio

from devkit.platform import Platform, running_platform
from devkit.run_folder import RunFolder


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def platform(folder: RunFolder) -> AsyncIterator[Platform]:
    async with running_platform(folder, print) as platform:
        yield platform
