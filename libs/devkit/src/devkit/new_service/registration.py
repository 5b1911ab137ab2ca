"""Registers a service that is written: in lists that name every service, and by links of charts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from devkit.new_service.chart_lists import enter, listings
from devkit.new_service.import_rules import enter_import_rules

CHARTS: Final = Path("charts")


def register(root: Path, service: str) -> None:
    """Once is as good as twice; raises NewServiceError for a list that is not as expected."""
    enter_import_rules(root / "pyproject.toml", service.replace("-", "_"))
    for link, target in links(service):
        if not (root / link).is_symlink():
            (root / link).parent.mkdir(parents=True, exist_ok=True)
            (root / link).symlink_to(target)
    for listing in listings(service, _external(root / CHARTS / service)):
        enter(root, service, listing)


def links(service: str) -> Iterator[tuple[Path, str]]:
    """Each link of the charts, and where it leads to."""
    chart = CHARTS / service
    yield chart / "charts" / "chassis", "../../chassis"
    yield chart / "values.schema.json", "../chassis/service.schema.json"
    yield CHARTS / "demo" / "charts" / service, f"../../{service}"


def _external(chart: Path) -> str:
    """The Secrets that the chart needs where it stands alone, indented."""
    lines = (chart / "ci" / "alone-values.yaml").read_text().splitlines()
    secrets = [line for line in lines if line.startswith(("database:", "nats:", "provisioning:"))]
    return "".join(f"  {line}\n" for line in secrets)
