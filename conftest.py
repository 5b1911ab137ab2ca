"""How the tests share the cores of a machine where pytest-xdist runs them (`-n auto`)."""

import os
from typing import Any

from lanes import Lanes


def pytest_xdist_auto_num_workers() -> int:
    """Two for each core, since tests wait more than they compute."""
    return 2 * (os.cpu_count() or 1)


def pytest_xdist_make_scheduler(config: Any, log: Any) -> Lanes | None:
    return Lanes(config, log) if config.getvalue("dist") == "loadfile" else None
