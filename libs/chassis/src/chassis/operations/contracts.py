"""`chassis contracts`: what a service promises on the wire, written down and kept."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from chassis.messaging.catalogue import catalogue_of
from chassis.messaging.description import Format, describe, to_yaml
from chassis.messaging.released import breaks, release
from chassis.operations.schema import Package
from chassis.sagas.declared import sagas_of
from chassis.sagas.released import changed_sagas, release_sagas

console = Console(stderr=True, highlight=False)


def contracts(
    package: Package,
    folder: Annotated[Path, typer.Argument(help="The service's contracts folder.")],
) -> None:
    """Write asyncapi.yaml, released/*.json and sagas/*.json; refused where one would break."""
    owned, sagas = catalogue_of(package).owned, sagas_of(package)
    broken = (*breaks(owned, folder / "released"), *changed_sagas(sagas, folder / "sagas"))
    if broken:
        for one in broken:
            console.print(f"[red]{one}.[/]")
        raise typer.Exit(1)
    release(owned, folder / "released")
    release_sagas(sagas, folder / "sagas")
    (folder / "asyncapi.yaml").write_text(to_yaml(describe(package, Format.ASYNCAPI)))
    told = f"{len(owned)} messages, {len(sagas)} sagas"
    console.print(f"[green]{folder} is as {package} has it: {told}.[/]")
