"""One platform for all tests of a file."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from devkit.platform import Platform, running_platform
from devkit.run_folder import RunFolder


@pytest.fixture(scope="module")
def module_run() -> Iterator[RunFolder]:
    """A folder outside pytest's own, which keeps PostgreSQL's account out."""
    with tempfile.TemporaryDirectory(prefix="longship-test-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        (folder / "run").mkdir()
        yield RunFolder(folder / "run")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def platform(module_run: RunFolder) -> AsyncIterator[Platform]:
    async with running_platform(module_run, print) as platform:
        yield platform
