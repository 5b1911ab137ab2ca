"""`devkit new-service`: a service from the template, registered and ready for its tests."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from devkit.new_service.answers import given_answers
from devkit.new_service.errors import NewServiceError
from devkit.new_service.joining import join, joined_by
from devkit.new_service.made_services import made_service
from devkit.new_service.registration import register
from devkit.new_service.rendering import render, write
from devkit.new_service.repository import check, folders, git, lock, make, undoing
from devkit.progress import Stages

console = Console(stderr=True, highlight=False)
stages = Stages(console)

Name = Annotated[str, typer.Argument(help="Such as loyalty-service.", metavar="NAME")]
Defaults = Annotated[bool, typer.Option("--defaults", help="Ask nothing.")]
Data = Annotated[
    list[str],
    typer.Option("--data", metavar="QUESTION=ANSWER", help="Answer a question; may be repeated."),
]


def new_service(name: Name, *, defaults: Defaults = False, data: Data = []) -> None:  # noqa: B006 - Typer's way
    """Make a service from the template: ask what it needs, write it, and enter it everywhere.

    To be run in the repository's root; the template is that of the last commit.
    """
    root = Path.cwd()
    try:
        check(root, name)
        answers = given_answers(root, data)
    except NewServiceError as error:
        _refuse(error)
    try:
        _make(root, name, answers, defaults=defaults)
    except NewServiceError as error:
        stages.say(f"To take back what was made so far:\n  {_undoing(root, name)}")
        _refuse(error)
    _tell(root, name)


def _make(root: Path, name: str, answers: Mapping[str, Any], *, defaults: bool) -> None:
    write(root, {**answers, "service": name}, defaults=defaults)
    services = [name]
    if saga := joined_by(root, name):
        with stages.stage(f"giving the saga of {saga.service} a step of it"):
            join(root, name, saga, render)
        services.append(saga.service)
    with stages.stage("entering it into the lists that name every service"):
        register(root, name)
    with stages.stage("installing"):
        lock(root)
        make(root, "install")
    _generate(root, services)


def _generate(root: Path, services: Sequence[str]) -> None:
    messaging = f"MESSAGING={' '.join(services)}"
    with stages.stage("writing contracts and pages"):
        make(root, "contracts", messaging)
    if consumers := [one for one in services if _needs_others(root, one)]:
        with stages.stage("writing what is needed of others"):
            make(root, "pacts", f"CONSUMERS={' '.join(consumers)}")
    with stages.stage("writing what the charts render to"):
        make(root, "goldens", messaging, f"ARGS=-k 'demo or {' or '.join(services)}'")


def _needs_others(root: Path, service: str) -> bool:
    return any((root / folders(service)[0] / "tests" / "contracts").glob("test_needs_of_*.py"))


def _tell(root: Path, name: str) -> None:
    changed = git(root, "status", "--short", "--untracked-files=normal").rstrip()
    saga = joined_by(root, name)
    services = " ".join(folders(one)[0] for one in (name, *([saga.service] if saga else [])))
    tests = f"{services} tests/charts tests/contract"
    stages.say(
        f"\n{changed}\n\n{name} is there.{_part_in_a_saga(root, name)} Next:\n"
        f"  make check && make test ARGS='{tests}'\n"
        f"  make demo                        {name} is part of it, and of `make run`\n"
        f"  services/{name}/README.md, and then src/*/app.py, say what it does\n"
        f"  git add -A && git commit\n"
        f"  make update-service NAME={name}  brings in what the template becomes later\n"
        f"To take it all back instead:\n  {_undoing(root, name)}"
    )


def _part_in_a_saga(root: Path, name: str) -> str:
    made = made_service(root, name)
    if made is None or made.answers.get("saga") != "participant":
        return ""
    if saga := joined_by(root, name):
        return f" {saga.saga} of {saga.service} asks it from its next version on."
    return (
        f" Nobody sends it commands yet: the sagas of {made.answers['orchestrator']} are written"
        f" by hand. Give one of them a step that sends {made.context}.Open{made.thing}.v1 and is"
        f" undone by {made.context}.Close{made.thing}.v1: docs/howto/change-a-saga.md."
    )


def _undoing(root: Path, name: str) -> str:
    saga = joined_by(root, name)
    return undoing(name, joined=saga.service if saga else None)


def _refuse(error: NewServiceError) -> None:
    console.print("[red]No service was made:[/]", str(error), markup=True, soft_wrap=True)
    sys.exit(1)
