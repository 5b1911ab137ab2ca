"""`devkit gate`: whether the working tree's contracts break anybody."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from chassis.messaging.gate import Baseline, Break, find_breaks
from devkit.gate.revisions import Repository, UnknownRevisionError, contracts_in

console = Console(stderr=True, highlight=False, soft_wrap=True)

BROKEN = 1
BAD_INPUT = 2


def gate(
    *,
    root: Annotated[Path, typer.Option(help="The repository.")] = Path(),
    against: Annotated[
        str, typer.Option(envvar="AGAINST", help="The branch that the change is meant for.")
    ] = "main",
    deployed: Annotated[
        Path | None,
        typer.Option(
            envvar="DEPLOYED",
            help="Folder with <environment>.json: the version of each service that runs there.",
        ),
    ] = None,
    accept: Annotated[
        list[str] | None,
        typer.Option(help="A wire type whose change has been looked at and may break."),
    ] = None,
) -> None:
    """Compare the contracts with the main branch, and with what is deployed; 1 where one breaks."""
    repository = Repository(root)
    try:
        baselines = [*_main(repository, against), *_environments(repository, deployed)]
    except UnknownRevisionError as error:
        console.print(f"[red]{error}[/]")
        raise typer.Exit(BAD_INPUT) from error
    found = find_breaks(contracts_in(root / "services"), baselines)
    refused = [one for one in found if one.wire_type not in (accept or ())]
    for one in found:
        _tell(one, accepted=one not in refused)
    if refused:
        raise typer.Exit(BROKEN)
    compared = ", ".join(baseline.name for baseline in baselines)
    console.print(f"[green]Nobody breaks: the contracts were compared with {compared}.[/]")


def _main(repository: Repository, branch: str) -> Iterator[Baseline]:
    with repository.services(repository.fork_point(branch)) as services:
        yield Baseline(name=branch, platform=contracts_in(services))


def _environments(repository: Repository, folder: Path | None) -> Iterator[Baseline]:
    for path in sorted(folder.glob("*.json")) if folder is not None else ():
        versions = json.loads(path.read_text())
        yield Baseline(name=path.stem, platform=repository.deployed(versions))


def _tell(broken: Break, *, accepted: bool) -> None:
    console.print(f"{'accepted: ' if accepted else ''}{broken}\n", markup=False)
