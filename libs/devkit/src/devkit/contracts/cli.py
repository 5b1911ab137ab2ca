"""`devkit contracts …`: consumer-driven contracts of all services."""

import json
import os
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from devkit.contracts.captured import FILE, Captured, catching
from devkit.contracts.completeness import missing
from devkit.contracts.deciding import Answer, can_i_deploy
from devkit.contracts.folder import ContractFolder
from devkit.contracts.matrix import UnknownVersionError
from devkit.contracts.pacts import UnreadablePactError
from devkit.contracts.page import page
from devkit.contracts.parties import parties
from devkit.contracts.report import show
from devkit.contracts.run import Run, version_here
from devkit.contracts.source import BROKER_URL, Broker, source_of
from devkit.contracts.wire import WireMessage
from devkit.demo import CARRIER, LATE, demonstrate
from devkit.interruption import run_until_interrupted
from devkit.mix import mixed_orders
from devkit.platform import running_platform
from devkit.progress import Stages
from devkit.run_folder import RunFolder, passing_run_folder
from devkit.scenario import Scenario
from devkit.tracing.destination import SpanDestination, span_destination

app = typer.Typer(no_args_is_help=True, help=__doc__)
console = Console(stderr=True, highlight=False)

NO = 1
BAD_INPUT = 2

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]
Root = Annotated[Path, typer.Option(help="The repository.", file_okay=False)]
Service = Annotated[str, typer.Option(envvar="SERVICE", help="Such as order-service.")]
Version = Annotated[str, typer.Option(envvar="VERSION", help="An image tag or a revision.")]
HERE = Path()


@app.command(name="test")
def run_tests(
    *,
    version: Annotated[
        str, typer.Option(envvar="VERSION", help="What this is; the revision if not given.")
    ] = "",
    root: Root = HERE,
    as_json: AsJson = False,
) -> None:
    """Run all contract tests, look for what is missing, and write report and matrix."""
    run = Run(root.resolve())
    try:
        report = run.test(version or version_here(root))
    except UnreadablePactError as error:
        _refuse(str(error))
    run.output.mkdir(parents=True, exist_ok=True)
    (run.output / "report.html").write_text(page(report))
    (run.output / "report.json").write_text(json.dumps(report.as_json(), indent=2) + "\n")
    show(report, console)
    console.print(f"  report: {run.output.relative_to(run.root) / 'report.html'}", soft_wrap=True)
    if as_json:
        print(json.dumps(report.as_json()))
    if not report.sound:
        raise typer.Exit(NO)


@app.command()
def write(
    consumers: Annotated[
        list[str], typer.Argument(help="Services; all if none is given.", show_default=False)
    ] = [],  # noqa: B006 - Typer's way
    *,
    root: Root = HERE,
) -> None:
    """Write what consumers' tests need into their providers' folders."""
    run = Run(root.resolve())
    written = run.write(consumers)
    if written is None:
        _refuse("a consumer does not do what its own test says; nothing was written")
    for path in written:
        console.print(str(path.relative_to(run.root)), soft_wrap=True)


@app.command()
def check(*, root: Root = HERE, as_json: AsJson = False) -> None:
    """Look for messages, commands and handlers without a contract; runs nothing."""
    try:
        findings = missing(parties(), ContractFolder(root).pacts())
    except UnreadablePactError as error:
        findings = [str(error)]
    for finding in findings:
        console.print("[red]✗[/] ", end="")
        console.print(finding, markup=False)
    if as_json:
        print(json.dumps({"findings": findings}))
    if findings:
        raise typer.Exit(NO)
    console.print("[green]✓[/] every message that somebody receives has a contract")


@app.command(name="can-i-deploy")
def deployable(
    *,
    service: Service,
    version: Version,
    environment: Annotated[
        str, typer.Option(envvar="ENVIRONMENT", help="Every environment if not given.")
    ] = "",
    root: Root = HERE,
    as_json: AsJson = False,
) -> None:
    """Say whether a version can be deployed beside what is deployed, and why."""
    matrix = Run(root.resolve()).matrix
    environments = [environment] if environment else matrix.environments()
    if not environments:
        _refuse(
            "nothing is known to be deployed anywhere: name an ENVIRONMENT, or tell what is "
            "deployed with `devkit contracts record-deployment`"
        )
    answers = [can_i_deploy(matrix, service, version, one) for one in environments]
    for answer in answers:
        _say(answer)
    if as_json:
        print(json.dumps([{"can": answer.can, **asdict(answer)} for answer in answers]))
    if not all(answer.can for answer in answers):
        raise typer.Exit(NO)


@app.command(name="record-deployment")
def record(
    *,
    service: Service,
    version: Version,
    environment: Annotated[str, typer.Option(envvar="ENVIRONMENT", help="Such as production.")],
    root: Root = HERE,
) -> None:
    """Note in the matrix what is deployed from now on; commit what it writes."""
    matrix = Run(root.resolve()).matrix
    try:
        matrix.record_deployment(service, version, environment)
    except UnknownVersionError as error:
        _refuse(str(error))
    console.print(f"[green]✓[/] {service} {version} is deployed in {environment}")


@app.command()
def publish(*, version: Version, root: Root = HERE) -> None:
    """Send consumers' contracts to the Pact Broker of PACT_BROKER_BASE_URL, as this version."""
    source = source_of(os.environ, Run(root.resolve()).repository)
    if not isinstance(source, Broker):
        _refuse(f"{BROKER_URL} names no Pact Broker; without one the repository is the broker")
    for pact in ContractFolder(root).pacts():
        source.publish(pact, version)
        console.print(f"{pact.consumer} of {pact.provider}", soft_wrap=True)


@app.command()
def capture(
    *,
    orders: Annotated[int, typer.Option(min=1, help="How many to place.")] = 60,
    root: Root = HERE,
) -> None:
    """Run a demonstration, and keep one message of each kind that its services send."""
    stages = Stages(console)
    scenario = mixed_orders(orders, seed=1).scenario
    with passing_run_folder(stages.say) as folder, span_destination(os.environ) as traced:
        messages = run_until_interrupted(_captured(scenario, folder, traced, stages))
    at = datetime.now(UTC).strftime("%Y-%m-%d")
    path = root / FILE
    Captured(at=at, revision=version_here(root), messages=messages).write(path)
    console.print(f"{path}: {len(messages)} messages", soft_wrap=True)


async def _captured(
    scenario: Scenario, folder: RunFolder, traced: SpanDestination, stages: Stages
) -> tuple[WireMessage, ...]:
    async with (
        running_platform(
            folder, stages.say, late=LATE, carrier=CARRIER, environment=traced.environment
        ) as platform,
        catching(platform.addresses.nats) as catch,
    ):
        await demonstrate(scenario, platform, rate=None, in_order=False, stages=stages)
        return catch.messages


def _say(answer: Answer) -> None:
    verdict = "[green]yes[/]" if answer.can else "[red]no[/]"
    what = f"{answer.service} {answer.version} in {answer.environment}"
    console.print(f"{verdict}  {what}")
    for mark, said in (("[green]✓[/]", answer.yes), ("[red]✗[/]", answer.no), ("·", answer.notes)):
        for reason in said:
            console.print(f"  {mark} ", end="")
            console.print(reason, markup=False, soft_wrap=True)


def _refuse(why: str) -> NoReturn:
    console.print("[red]✗[/] ", end="")
    console.print(why, markup=False, soft_wrap=True)
    raise typer.Exit(BAD_INPUT)
