"""Which services there are, and waiting for one."""

import time
from collections.abc import Callable
from pathlib import Path

GATEWAY, HISTORY = "api-gateway", "order-history-service"

SERVICES = Path(__file__).parents[2] / "services"


def deployables() -> list[str]:
    """All services in this repository."""
    return sorted(path.parent.name for path in SERVICES.glob("*/pyproject.toml"))


def until_ready(status: Callable[[], int], *, within: float = 60) -> None:
    """Wait until a service says that it is ready."""
    deadline = time.monotonic() + within
    while (answered := status()) != 200:
        assert time.monotonic() < deadline, f"not ready in {within} s: {answered}"
        time.sleep(0.05)
