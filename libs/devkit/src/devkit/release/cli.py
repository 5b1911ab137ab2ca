"""`devkit release-dry-run`: everything that a release would publish, made and tried."""

import json
import os
import shutil
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from devkit.deployables import SERVICES
from devkit.progress import Stages
from devkit.release.artifacts import Artifact, ReleaseError, Workshop, notes_of
from devkit.release.outside import example_from_wheels

console = Console(stderr=True, highlight=False)
stages = Stages(console)

CHANGELOG = Path("docs/changelog.md")
EXAMPLE = Path("docs/examples/book-a-trip")

Version = Annotated[str, typer.Option(envvar="IMAGE_TAG", help="The version to rehearse.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one line of JSON on standard output.")]


def release_dry_run(*, version: Version = "0.1.0", as_json: AsJson = False) -> None:
    """Make wheels, charts and bills of materials into dist/, try the wheels, and publish nothing.

    To be run in the repository's root.
    """
    try:
        artifacts = _rehearse(version)
    except ReleaseError as error:
        console.print(f"[red]The release would fail:[/] {error}", markup=True, soft_wrap=True)
        raise typer.Exit(1) from error
    _show(artifacts)
    if as_json:
        print(json.dumps(_told(version, artifacts)))


def _rehearse(version: str) -> list[Artifact]:
    dist = Path("dist/release")
    shutil.rmtree(dist, ignore_errors=True)
    dist.mkdir(parents=True)
    workshop = Workshop(root=Path.cwd(), dist=dist, uv=os.environ.get("UV", "uv"))
    with stages.stage("reading the changelog"):
        (dist / "notes.md").write_text(notes_of(CHANGELOG, version) + "\n")
    with stages.stage("building wheels"):
        wheels = workshop.wheels()
    with stages.stage("packaging charts"):
        charts = workshop.charts(("demo", *SERVICES), version)
    with stages.stage("writing bills of materials"):
        bills = workshop.bills_of_materials(SERVICES)
    with stages.stage("running an example from the wheels, in an environment of its own"):
        example_from_wheels(workshop, wheels, EXAMPLE)
    return [*wheels, *charts, *bills, Artifact(kind="release notes", path=dist / "notes.md")]


def _show(artifacts: list[Artifact]) -> None:
    table = Table("what", "file", "KiB", "SHA-256")
    for one in artifacts:
        table.add_row(one.kind, one.path.name, f"{one.size / 1024:,.0f}", one.sha256[:16])
    console.print(table)
    console.print("[green]✓[/] Nothing was published. Images: `make images`, then `make e2e`.")


def _told(version: str, artifacts: list[Artifact]) -> dict[str, object]:
    files = [{"kind": a.kind, "file": a.path.name, "sha256": a.sha256} for a in artifacts]
    return {"version": version, "artifacts": files}
