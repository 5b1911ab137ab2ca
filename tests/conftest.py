import os
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


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
    with tempfile.TemporaryDirectory(prefix="longship-test-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder / "run"
