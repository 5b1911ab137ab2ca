"""The `devkit` command: the whole platform on a laptop."""

import asyncio
import json
import os
import sys
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from devkit.bench.cli import bench
from devkit.chaos import CARRIER, Chaos, wreak
from devkit.contracts.cli import app as contracts
from devkit.csv_fields import amount
from devkit.csv_table import FieldError
from devkit.demo import CARRIER as DEMO_CARRIER
from devkit.demo import LATE, Demonstration, demonstrate
from devkit.e2e.cli import e2e
from devkit.e2e.commands import CommandFailedError, MissingCommandError
from devkit.e2e.namespace import UnsuitableNamespaceError
from devkit.e2e.release import ReleaseExistsError
from devkit.embedded.server import ServerDidNotStartError
from devkit.findings import Findings
from devkit.gate.cli import gate
from devkit.http_client import ApiError
from devkit.input_folder import InputFolderError, read_input_folder
from devkit.interruption import InterruptedByUserError, run_until_interrupted
from devkit.keeper import ProgramFailedError
from devkit.mix import mixed_orders
from devkit.new_service.cli import new_service
from devkit.observability.cli import app as observability
from devkit.pages.cli import pages
from devkit.placing import RepeatedOrderError
from devkit.platform import Platform, running_platform
from devkit.preparing import NotPreparedError
from devkit.progress import Stages
from devkit.release.cli import release_dry_run
from devkit.report import show_addresses, show_demonstration, show_findings
from devkit.run_folder import RunFolder, RunFolderError, lasting_run_folder, passing_run_folder
from devkit.scenario import Scenario
from devkit.stories import described
from devkit.token_command import token
from devkit.tracing.destination import ENDPOINT, SpanDestination, span_destination

FAILED = 1
BAD_INPUT = 2
INTERRUPTED = 130
TOLD = (
    *(NotPreparedError, ProgramFailedError, ServerDidNotStartError, RunFolderError),
    *(ApiError, RepeatedOrderError),
    *(CommandFailedError, MissingCommandError, UnsuitableNamespaceError, ReleaseExistsError),
)

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
console = Console(stderr=True, highlight=False)
stages = Stages(console)


def _amount(text: str) -> Decimal:
    try:
        return amount(text)
    except FieldError as error:
        raise typer.BadParameter(str(error)) from error


AsJson = Annotated[bool, typer.Option("--json", help="Print one line of JSON on standard output.")]
Seed = Annotated[int, typer.Option(help="The same seed gives the same orders.")]
Orders = Annotated[int, typer.Option(envvar="ORDERS", min=1, help="How many orders to place.")]
Rate = Annotated[
    float | None,
    typer.Option(
        envvar="RATE",
        min=0.01,
        help="Orders a second; without it, as fast as they can be decided.",
    ),
]


@app.command()
def run(
    *,
    as_json: AsJson = False,
    run_dir: Annotated[
        Path, typer.Option(envvar="RUN_DIR", help="Where data and logs are kept between runs.")
    ] = Path(".run"),
) -> None:
    """Keep the whole platform running until Ctrl-C; the next run goes on with the same data."""
    with (
        lasting_run_folder(run_dir) as folder,
        span_destination(os.environ, port=folder.port("traces")) as destination,
    ):
        try:
            run_until_interrupted(_keep_running(folder, destination, as_json=as_json))
        except InterruptedByUserError:
            console.print("Everything is stopped; the data is kept.")


@app.command()
def demo(
    *,
    as_json: AsJson = False,
    orders: Orders = 200,
    rate: Rate = None,
    seed: Seed = 1,
    input_folder: Annotated[
        Path | None,
        typer.Option(
            "--input",
            envvar="INPUT",
            help="A folder with customers.csv, products.csv and orders.csv to use instead.",
        ),
    ] = None,
    credit_limit: Annotated[
        Decimal,
        typer.Option(
            envvar="CREDIT_LIMIT",
            parser=_amount,
            metavar="AMOUNT",
            help="For customers of --input that have no credit_limit of their own.",
        ),
    ] = Decimal("2500.00"),
) -> None:
    """Place orders of all kinds, and prove that money and stock agree across the services."""
    scenario = _scenario(input_folder, credit_limit, orders, seed)
    in_order = input_folder is not None
    with passing_run_folder(stages.say) as folder, span_destination(os.environ) as destination:
        demonstration = run_until_interrupted(
            _demonstrate(scenario, folder, destination, rate=rate, in_order=in_order)
        )
        show_demonstration(demonstration, destination, console, with_lines=in_order)
        if as_json:
            traces = described(demonstration.stories, destination.spans)
            history = demonstration.history.as_json()
            also = {"sagas": demonstration.sagas.ended, "history": history, "traces": traces}
            _print_json(demonstration.outcome.as_json() | also)
        if not demonstration.outcome.is_sound:
            raise typer.Exit(FAILED)


@app.command()
def chaos(
    *,
    kills: Annotated[int, typer.Option(min=0, help="How many processes to kill.")] = 10,
    as_json: AsJson = False,
    orders: Annotated[
        int | None, typer.Option(min=1, help="How many orders to place; 30 a kill if not given.")
    ] = None,
    seed: Seed = 1,
) -> None:
    """Kill services, relays, broker and database while orders run; look for lost or doubled."""
    scenario = mixed_orders(orders or max(100, 30 * kills), seed=seed).scenario
    with passing_run_folder(stages.say) as folder:
        findings = run_until_interrupted(_wreak(Chaos(kills=kills, seed=seed), scenario, folder))
        show_findings(findings, console)
        if as_json:
            _print_json(findings.as_json())
        if findings.sentences:
            raise typer.Exit(FAILED)


app.command()(bench)
app.command()(e2e)
app.command()(gate)
app.command()(new_service)
app.command()(pages)
app.command()(token)
app.command()(release_dry_run)
app.add_typer(observability, name="observability")
app.add_typer(contracts, name="contracts")


def main() -> None:
    """Run the command line; what a user can put right is told without a traceback."""
    try:
        app()
    except InputFolderError as error:
        console.print("[red]The input cannot be used; nothing was loaded.[/]")
        stages.say(str(error))
        sys.exit(BAD_INPUT)
    except InterruptedByUserError:
        console.print("Interrupted; everything is stopped.")
        sys.exit(INTERRUPTED)
    except TOLD as error:
        stages.say(str(error))
        sys.exit(FAILED)


async def _keep_running(folder: RunFolder, destination: SpanDestination, *, as_json: bool) -> None:
    async with running_platform(
        folder, stages.say, environment=destination.environment
    ) as platform:
        show_addresses(platform.addresses, folder, destination, console)
        if as_json:
            _print_json(_described(platform) | {"otlp": destination.environment.get(ENDPOINT)})
        console.print("Ctrl-C stops everything.")
        await asyncio.Event().wait()


async def _demonstrate(
    scenario: Scenario,
    folder: RunFolder,
    destination: SpanDestination,
    *,
    rate: float | None,
    in_order: bool,
) -> Demonstration:
    """Everything has been stopped at the end, so that all spans have been exported."""
    async with running_platform(
        folder,
        stages.say,
        late=LATE,
        carrier=DEMO_CARRIER,
        environment=destination.environment,
    ) as platform:
        return await demonstrate(scenario, platform, rate=rate, in_order=in_order, stages=stages)


async def _wreak(chaos: Chaos, scenario: Scenario, folder: RunFolder) -> Findings:
    async with running_platform(folder, stages.say, carrier=CARRIER) as platform:
        return await wreak(chaos, scenario, platform, stages=stages)


def _scenario(input_folder: Path | None, credit_limit: Decimal, orders: int, seed: int) -> Scenario:
    if input_folder is None:
        return mixed_orders(orders, seed=seed).scenario
    return read_input_folder(input_folder, credit_limit=credit_limit)


def _described(platform: Platform) -> dict[str, Any]:
    addresses = platform.addresses
    return {
        "http": dict(addresses.http),
        "nats": addresses.nats,
        "postgresql": dict(addresses.postgresql),
        "pids": platform.supervisor.pids,
    }


def _print_json(value: dict[str, Any]) -> None:
    print(json.dumps(value), flush=True)
