"""The `bench` command: relay, sagas and views measured, other systems beside them where wanted."""

import json
import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from devkit.bench.figures import Figures, OutboxComparison, SagaComparison, SagaRounds
from devkit.bench.outbox_load import WrongStreamError
from devkit.bench.peer_environment import PeerEnvironment, PeerError
from devkit.bench.placer import PlacerError
from devkit.bench.relay import RelayFigures
from devkit.bench.relay_rounds import relay_rounds
from devkit.bench.saga_check import WrongSagasError
from devkit.bench.saga_rounds import saga_bench
from devkit.bench.tables import show_figures
from devkit.bench.view_events import NotStoredError
from devkit.bench.views import WrongViewError, measure_views
from devkit.interruption import run_until_interrupted
from devkit.progress import Stages
from devkit.run_folder import RunFolder, passing_run_folder

_FAILED = 1
_PEERS_FOLDER = Path(".run/bench-peers")
_BUSY = 0.25
"""Load for each processor above which figures say more about the neighbours."""

_FAILURES = (
    WrongStreamError,
    WrongSagasError,
    WrongViewError,
    NotStoredError,
    PlacerError,
    PeerError,
)

app = typer.Typer(add_completion=False)
console = Console(stderr=True, highlight=False)
stages = Stages(console)


class Part(StrEnum):
    RELAY = "relay"
    SAGAS = "sagas"
    VIEWS = "views"


@app.command()
def bench(
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one line of JSON on standard output.")
    ] = False,
    with_peers: Annotated[
        bool,
        typer.Option("--peers", envvar="PEERS", help="Measure faststream-outbox and DBOS as well."),
    ] = False,
    only: Annotated[Part | None, typer.Option(help="Measure one part only.")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="How often what is compared takes turns.")] = 3,
) -> None:
    """Measure relay, sagas and views on real servers that write through to the disk."""
    _mention_load()
    parts = (only,) if only else tuple(Part)
    peers_folder = _PEERS_FOLDER.absolute() if with_peers else None
    with passing_run_folder(stages.say) as folder:
        try:
            figures = run_until_interrupted(
                _measure(folder, parts, rounds=rounds, peers_folder=peers_folder)
            )
        except _FAILURES as error:
            stages.say(f"The benchmark failed: {error}")
            raise typer.Exit(_FAILED) from error
    show_figures(figures, console)
    if as_json:
        print(json.dumps(figures.as_json()), flush=True)


async def _measure(
    folder: RunFolder, parts: tuple[Part, ...], *, rounds: int, peers_folder: Path | None
) -> Figures:
    peers = await _installed(peers_folder) if peers_folder else None
    relay, outbox = await _relay(folder, peers, rounds) if Part.RELAY in parts else (None, None)
    sagas, dbos = await _sagas(folder, peers, rounds) if Part.SAGAS in parts else (None, None)
    views = await measure_views(folder, stages) if Part.VIEWS in parts else None
    return Figures(relay=relay, sagas=sagas, views=views, faststream_outbox=outbox, dbos=dbos)


async def _installed(folder: Path) -> PeerEnvironment:
    with stages.stage(f"installing the peers into {folder}"):
        return await PeerEnvironment.installed(folder)


async def _relay(
    folder: RunFolder, peers: PeerEnvironment | None, rounds: int
) -> tuple[RelayFigures, OutboxComparison | None]:
    with relay_rounds(folder, stages) as measurement:
        comparison = await measurement.in_turns(rounds, peers) if peers else None
        return await measurement.alone(rounds), comparison


async def _sagas(
    folder: RunFolder, peers: PeerEnvironment | None, rounds: int
) -> tuple[SagaRounds, SagaComparison | None]:
    async with saga_bench(folder, stages, peers) as measurement:
        if peers is None:
            return await measurement.alone(rounds), None
        comparison = await measurement.in_turns(rounds)
        return comparison.ours, comparison


def _mention_load() -> None:
    load, processors = os.getloadavg()[0], os.cpu_count() or 1
    stages.say(f"{processors} processors, load {load:.1f}")
    if load > _BUSY * processors:
        stages.say("the machine is busy: ratios hold better than absolute figures")
