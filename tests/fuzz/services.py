"""Which services there are."""

from pathlib import Path

SERVICES = Path(__file__).parents[2] / "services"


def deployables() -> list[str]:
    """All services in this repository."""
    return sorted(path.parent.name for path in SERVICES.glob("*/pyproject.toml"))
