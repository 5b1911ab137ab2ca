"""`devkit gate`: whether the working tree's contracts break anybody."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from chassis.messaging.gate import Baseline, Break, find_breaks
from devkit.gate.http import find_http_breaks
from devkit.gate.revisions import Contracts, Repository, UnknownRevisionError, contracts_in

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
        typer.Option(help="A wire type or operation whose change was looked at: it may break."),
    ] = None,
) -> None:
    """Compare the contracts with the main branch, and with what is deployed; 1 where one breaks."""
    repository = Repository(root)
    try:
        baselines = {**_main(repository, against), **_environments(repository, deployed)}
    except UnknownRevisionError as error:
        console.print(f"[red]{error}[/]")
        raise typer.Exit(BAD_INPUT) from error
    found = _breaks(contracts_in(root / "services"), baselines)
    refused = [one for one in found if one.wire_type not in (accept or ())]
    for one in found:
        _tell(one, accepted=one not in refused)
    if refused:
        raise typer.Exit(BROKEN)
    compared = ", ".join(baselines)
    console.print(f"[green]Nobody breaks: the contracts were compared with {compared}.[/]")


def _breaks(candidate: Contracts, baselines: Mapping[str, Contracts]) -> list[Break]:
    messages = [Baseline(name=name, platform=one.messages) for name, one in baselines.items()]
    http = {name: one.http for name, one in baselines.items()}
    return [
        *find_breaks(candidate.messages, messages),
        *find_http_breaks(candidate.http, http),
    ]


def _main(repository: Repository, branch: str) -> dict[str, Contracts]:
    with repository.services(repository.fork_point(branch)) as services:
        return {branch: contracts_in(services)}


def _environments(repository: Repository, folder: Path | None) -> dict[str, Contracts]:
    paths = sorted(folder.glob("*.json")) if folder is not None else []
    return {path.stem: repository.deployed(json.loads(path.read_text())) for path in paths}


def _tell(broken: Break, *, accepted: bool) -> None:
    console.print(f"{'accepted: ' if accepted else ''}{broken}\n", markup=False)
