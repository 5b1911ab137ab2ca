"""`devkit e2e`: the command line of the run on a cluster."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from devkit.e2e.run import STEPS, Plan, run_on_cluster
from devkit.e2e.step import Result
from devkit.interruption import run_until_interrupted
from devkit.progress import Stages

_FAILED = 1
_NAMES = [step.name for step in STEPS]


def _known(names: list[str]) -> list[str]:
    unknown = [name for name in names if name not in _NAMES]
    if unknown:
        raise typer.BadParameter(f"no step is called {unknown[0]!r}: there are {', '.join(_NAMES)}")
    return names


def e2e(
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one line of JSON on standard output.")
    ] = False,
    only: Annotated[
        list[str] | None,
        typer.Option(callback=lambda names: _known(names or []), help=f"Of {', '.join(_NAMES)}."),
    ] = None,
    namespace: Annotated[
        str, typer.Option(envvar="NAMESPACE", help="Made, and removed, where it is not there.")
    ] = "longship-e2e",
    release: Annotated[str, typer.Option(envvar="RELEASE")] = "demo",
    image_tag: Annotated[
        str, typer.Option(envvar="IMAGE_TAG", help="Of the services' images, which are there.")
    ] = "0.1.0",
    orders: Annotated[int, typer.Option(envvar="ORDERS", min=10)] = 200,
    rate: Annotated[
        float,
        typer.Option(envvar="RATE", min=0.1, help="Orders a second while something happens."),
    ] = 5,
    chart: Annotated[Path, typer.Option(exists=True, file_okay=False)] = Path("charts/demo"),
    evidence: Annotated[
        Path, typer.Option(help="Where events and logs are kept when something fails.")
    ] = Path(".e2e"),
) -> None:
    """Install everything on the cluster of KUBECONFIG, disturb it under load, check, remove."""
    console = Console(stderr=True, highlight=False)
    plan = Plan(
        namespace=namespace,
        release=release,
        chart=chart,
        image_tag=image_tag,
        steps=[step for step in STEPS if not only or step.name in only],
        orders=orders,
        rate=rate,
        evidence=evidence,
    )
    results = run_until_interrupted(run_on_cluster(plan, Stages(console)))
    _show(results, plan, console)
    if as_json:
        print(json.dumps(summary(results)), flush=True)
    if not summary(results)["passed"]:
        raise typer.Exit(_FAILED)


def summary(results: dict[str, Result]) -> dict[str, Any]:
    """The last line: figures by step, and which steps failed."""
    failed = [name for name, result in results.items() if result.faults]
    figures = {name: result.figures for name, result in results.items()}
    return {**figures, "failed": failed, "passed": not failed}


def _show(results: dict[str, Result], plan: Plan, console: Console) -> None:
    for name, result in results.items():
        mark = "[red]✗[/]" if result.faults else "[green]✓[/]"
        console.print(f"{mark} {name:<12} {json.dumps(result.figures)}", soft_wrap=True)
    if not summary(results)["passed"]:
        console.print(f"events and logs are in {plan.evidence}")
