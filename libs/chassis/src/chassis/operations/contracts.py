"""`chassis contracts`: what a service promises on the wire, written down and kept."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from chassis.messaging.catalogue import catalogue_of
from chassis.messaging.description import Format, describe, to_yaml
from chassis.messaging.released import breaks, release
from chassis.operations.schema import Package

console = Console(stderr=True, highlight=False)


def contracts(
    package: Package,
    folder: Annotated[Path, typer.Argument(help="The service's contracts folder.")],
) -> None:
    """Write asyncapi.yaml and released/*.json; refused where a released message would break."""
    owned = catalogue_of(package).owned
    if broken := breaks(owned, folder / "released"):
        for one in broken:
            console.print(f"[red]{one}.[/]")
        raise typer.Exit(1)
    release(owned, folder / "released")
    (folder / "asyncapi.yaml").write_text(to_yaml(describe(package, Format.ASYNCAPI)))
    console.print(f"[green]{folder} is as {package} has it: {len(owned)} messages.[/]")
