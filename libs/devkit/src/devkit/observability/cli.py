"""`devkit observability …`: alert rules and dashboards as code."""

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from devkit.clients import clients_of
from devkit.interruption import run_until_interrupted
from devkit.mix import mixed_orders
from devkit.observability.files import write_observability
from devkit.observability.panels import Sample, panel_table, samples
from devkit.observability.recording import recording
from devkit.pace import all_decided
from devkit.placing import load, place
from devkit.platform import Platform, running_platform
from devkit.progress import Stages
from devkit.run_folder import RunFolder, passing_run_folder
from devkit.scenario import Scenario

app = typer.Typer(no_args_is_help=True, help=__doc__)
console = Console(stderr=True, highlight=False)

_SCRAPE_SECONDS = 2.0
_RATE_INTERVAL = "2m"
_PATIENCE_SECONDS = 120.0
_WIDTH = 150
_ORDERS_PER_SECOND = 5.0


@app.command()
def write(
    folder: Annotated[Path, typer.Argument(help="The chart's folder for them.")] = Path(
        "charts/demo/observability"
    ),
) -> None:
    """Write the rule files and dashboards that the chart ships."""
    for path in write_observability(folder):
        console.print(str(path), soft_wrap=True)


@app.command()
def panels(
    *,
    orders: Annotated[int, typer.Option(envvar="ORDERS", min=1, help="How many to place.")] = 60,
) -> None:
    """Run a demonstration, and show every panel of the dashboards with a sample of its values."""
    stages = Stages(console)
    with passing_run_folder(stages.say) as folder:
        found = run_until_interrupted(_shown(mixed_orders(orders, seed=1).scenario, folder, stages))
    Console(width=_WIDTH).print(panel_table(found))


async def _shown(scenario: Scenario, folder: RunFolder, stages: Stages) -> list[Sample]:
    async with running_platform(folder, stages.say) as platform:
        async with recording(platform.addresses, every=_SCRAPE_SECONDS) as history:
            with stages.stage("placing orders while metrics are scraped"):
                await work(scenario, platform)
        return list(samples(history, time.time(), rate_interval=_RATE_INTERVAL))


async def work(scenario: Scenario, platform: Platform) -> None:
    """Carry a scenario through; what has to be undone is part of it."""
    async with clients_of(platform.addresses) as clients:
        await load(scenario, clients)
        await place(
            scenario.orders, clients, rate=_ORDERS_PER_SECOND, at_once=8, then=lambda *_: None
        )
        await all_decided(clients, within=_PATIENCE_SECONDS, observe=lambda _: None)
