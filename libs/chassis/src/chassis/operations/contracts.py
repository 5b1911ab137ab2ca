"""`chassis contracts`: what a service promises on the wire, written down and kept."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from chassis.messaging.catalogue import catalogue_of
from chassis.messaging.description import Format, describe, to_yaml
from chassis.messaging.released import broken, contracts_of, read_contracts, write_contracts
from chassis.operations.schema import Package
from chassis.sagas.declared import sagas_of
from chassis.sagas.released import changed_sagas, release_sagas

console = Console(stderr=True, highlight=False)


def contracts(
    package: Package,
    folder: Annotated[Path, typer.Argument(help="The service's contracts folder.")],
) -> None:
    """Write down what a service promises and needs; refused where what is released would break.

    asyncapi.yaml, released/*.json and uses/*.json of messages, and sagas/*.json.
    """
    current, sagas = contracts_of(catalogue_of(package)), sagas_of(package)
    broken_messages = broken(current.owned, read_contracts(folder).owned)
    if refused := (*broken_messages, *changed_sagas(sagas, folder / "sagas")):
        for one in refused:
            console.print(f"[red]{one}.[/]")
        raise typer.Exit(1)
    write_contracts(current, folder)
    release_sagas(sagas, folder / "sagas")
    (folder / "asyncapi.yaml").write_text(to_yaml(describe(package, Format.ASYNCAPI)))
    told = f"{len(current.owned)} messages, {len(sagas)} sagas"
    console.print(f"[green]{folder} is as {package} has it: {told}.[/]")
