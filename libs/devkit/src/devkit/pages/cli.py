"""`devkit pages`: writes OpenAPI documents, the services' pages, and the reference of the docs."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from chassis.messaging.catalogue import catalogue_of
from devkit.deployables import DEPLOYABLES
from devkit.pages.commands import commands_page
from devkit.pages.http import needs_of
from devkit.pages.neighbours import Neighbours
from devkit.pages.openapi import openapi_file
from devkit.pages.page import index, page
from devkit.pages.settings import settings_page

console = Console(stderr=True, highlight=False)


def pages(*, root: Annotated[Path, typer.Option(help="The repository.")] = Path()) -> None:
    """Write what every installed service declares of itself."""
    written = 0
    for path, text in files():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        written += 1
    console.print(f"[green]{written} files are as the services have it.[/]")


def files() -> Iterator[tuple[Path, str]]:
    """What belongs into which file, below the repository's root."""
    catalogues = {one.name: catalogue_of(one.package) for one in DEPLOYABLES if one.messaging}
    neighbours = Neighbours(catalogues)
    for service in DEPLOYABLES:
        for provider, needed in needs_of(service.package).items():
            place = Path("services", service.name, "contracts", "uses", "http", f"{provider}.json")
            yield place, json.dumps(needed, indent=2) + "\n"
        yield (
            Path("services", service.name, "contracts", "openapi.yaml"),
            openapi_file(service.package),
        )
        yield Path("docs", "services", f"{service.name}.md"), page(service, neighbours)
    yield Path("docs", "services", "README.md"), index(list(DEPLOYABLES))
    yield Path("docs", "reference", "settings.md"), settings_page(DEPLOYABLES)
    yield Path("docs", "reference", "commands.md"), commands_page()
