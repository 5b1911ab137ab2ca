"""Enters a service into the charts and values that name every service.

These files are for people: lines are added, and everything else stays as it is written. What comes
out is parsed, so that nothing is left half done.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from devkit.new_service.errors import NewServiceError

DEMO: Final = Path("charts/demo")
EXTERNAL: Final = DEMO / "ci" / "external-values.yaml"
PRODUCTION: Final = Path("k8s/production/values.yaml")

_LAST_DEPENDENCY = re.compile(r"(?s).*\n  - \{name: [^\n]*\n")
_LAST_ENABLED = re.compile(r"(?s).*\n[a-z0-9-]+: \{enabled: true[^\n]*\n")
_LAST_HELD = re.compile(r"(?s).*Held to the schema of the service's own chart\"\},\n")


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """A file that names services: `line` goes behind what `behind` matches, or to the end."""

    file: Path
    line: str
    behind: re.Pattern[str] | None = None
    names: Callable[[str], Any] = yaml.safe_load


def listings(service: str, external: str) -> tuple[Listing, ...]:
    """Where a service is named; `external` is what its chart needs where servers are there."""
    return (
        Listing(
            file=DEMO / "Chart.yaml",
            line=(
                f'  - {{name: {service}, version: 0.1.0, repository: "", '
                f"condition: {service}.enabled}}\n"
            ),
            behind=_LAST_DEPENDENCY,
            names=lambda text: {one["name"] for one in yaml.safe_load(text)["dependencies"]},
        ),
        Listing(
            file=DEMO / "values.yaml",
            line=f"{service}: {{enabled: true}}\n",
            behind=_LAST_ENABLED,
        ),
        Listing(
            file=DEMO / "values.schema.json",
            line=(
                f'    "{service}": {{"type": "object", "description": '
                '"Held to the schema of the service\'s own chart"},\n'
            ),
            behind=_LAST_HELD,
            names=lambda text: json.loads(text)["properties"],
        ),
        Listing(file=EXTERNAL, line=f"{service}:\n{external}"),
        Listing(
            file=PRODUCTION,
            line=f"# until its database and its Secrets are there\n{service}: {{enabled: false}}\n",
        ),
    )


def enter(root: Path, service: str, listing: Listing) -> None:
    """Name the service there, unless it is named; raises NewServiceError where it cannot be."""
    path = root / listing.file
    text = path.read_text()
    if service in listing.names(text):
        return
    found = listing.behind.match(text) if listing.behind else None
    place = found.end() if found else len(text)
    entered = text[:place] + listing.line + text[place:]
    if (listing.behind and not found) or service not in _readable(listing, entered):
        raise NewServiceError(
            f"{listing.file} is not written as it was expected: add\n{listing.line}by hand, and "
            "mend `devkit.new_service.chart_lists`"
        )
    path.write_text(entered)


def _readable(listing: Listing, text: str) -> Any:
    try:
        return listing.names(text)
    except (ValueError, yaml.YAMLError):
        return ()
