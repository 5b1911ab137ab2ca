"""`devkit new-service`: a service from the template, registered and ready for its tests."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from devkit.new_service.answers import given_answers
from devkit.new_service.errors import NewServiceError
from devkit.new_service.registration import register
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
        stages.say(f"To take back what was made so far:\n  {undoing(name)}")
        _refuse(error)
    _tell(root, name)


def _make(root: Path, name: str, answers: Mapping[str, Any], *, defaults: bool) -> None:
    write(root, {**answers, "service": name}, defaults=defaults)
    with stages.stage("entering it into the lists that name every service"):
        register(root, name)
    with stages.stage("installing"):
        lock(root)
        make(root, "install")
    with stages.stage("writing its contracts and its page"):
        make(root, "contracts", f"MESSAGING={name}")
    if (root / folders(name)[0] / "tests" / "contracts").is_dir():
        with stages.stage("writing what it needs of others"):
            make(root, "pacts")
    with stages.stage("writing what the charts render to"):
        make(root, "goldens", f"MESSAGING={name}", f"ARGS=-k 'demo or {name}'")


def write(root: Path, answers: Mapping[str, Any], *, defaults: bool) -> None:
    """Have Copier ask and write; raises NewServiceError for an answer that is none."""
    copier = _copier()
    try:
        copier.run_copy(
            ".",
            root,
            data=dict(answers),
            defaults=defaults,
            answers_file=f"{folders(answers['service'])[0]}/.copier-answers.yml",
            vcs_ref=git(root, "rev-parse", "HEAD").strip(),
            unsafe=True,  # its extension and its task are this package's own
            quiet=True,
        )
    except (copier.errors.CopierError, ValueError) as error:
        raise NewServiceError(f"the template cannot be filled in: {error}") from error
    except KeyboardInterrupt:
        raise NewServiceError("nothing was made: the questions were not answered") from None


def _copier() -> Any:
    try:
        import copier  # noqa: PLC0415 - a tool of the repository, not of those who install devkit
    except ImportError as error:
        raise NewServiceError("copier is not installed here: run `make install`") from error
    return copier


def _tell(root: Path, name: str) -> None:
    changed = git(root, "status", "--short", "--untracked-files=normal").rstrip()
    tests = f"services/{name} tests/charts tests/contract"
    stages.say(
        f"\n{changed}\n\n"
        f"{name} is there. Next:\n"
        f"  make check && make test ARGS='{tests}'\n"
        f"  make demo                        {name} is part of it, and of `make run`\n"
        f"  services/{name}/README.md, and then src/*/app.py, say what it does\n"
        f"  git add -A && git commit\n"
        f"  make update-service NAME={name}  brings in what the template becomes later\n"
        f"To take it all back instead:\n  {undoing(name)}"
    )


def _refuse(error: NewServiceError) -> None:
    console.print("[red]No service was made:[/]", str(error), markup=True, soft_wrap=True)
    sys.exit(1)
