import os
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from devkit.private_folder import private_folder
from devkit.run_folder import RunFolder


@pytest.fixture
def devkit() -> str:
    """The installed command."""
    return str(Path(sysconfig.get_path("scripts")) / "devkit")


@pytest.fixture
def environment() -> dict[str, str]:
    """As in a shell in which nobody has chosen anything."""
    chosen = {"ORDERS", "RATE", "INPUT", "CREDIT_LIMIT", "KILLS", "RUN_DIR"}
    return {
        name: value
        for name, value in os.environ.items()
        if name not in chosen and not name.startswith("OTEL_")
    }


@pytest.fixture
def run_dir() -> Iterator[Path]:
    """A folder outside pytest's own, which keeps PostgreSQL's account out."""
    with private_folder("longship-test-") as folder:
        yield folder / "run"


@pytest.fixture(scope="module")
def folder() -> Iterator[RunFolder]:
    """The folder of a run that the tests of a file share."""
    with private_folder("longship-test-") as folder:
        yield RunFolder(folder / "run")
