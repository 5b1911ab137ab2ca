"""The repository that a service is made in: what has to be so beforehand, and what is run there."""

import os
import re
import subprocess
from pathlib import Path
from typing import Final

from devkit.new_service.answers import QUESTIONS
from devkit.new_service.chart_lists import listings
from devkit.new_service.errors import NewServiceError

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*-service")
_LONGEST: Final = 32  # PostgreSQL's role names and Helm's, with what is put behind them


def folders(service: str) -> tuple[str, str]:
    """What the template writes."""
    return f"services/{service}", f"charts/{service}"


def check(root: Path, service: str) -> None:
    """Raises NewServiceError where a service with this name cannot be made."""
    if not (root / QUESTIONS).is_file():
        raise NewServiceError("this is not the repository's root: go there, copier.yml is in it")
    if not _NAME.fullmatch(service) or len(service) > _LONGEST:
        raise NewServiceError(
            f"'{service}' is no name of a service: write it like loyalty-service, "
            f"with {_LONGEST} characters at most"
        )
    for folder in folders(service):
        if (root / folder).exists():
            raise NewServiceError(f"{folder} is there already: choose another name, or delete it")
    files = ("pyproject.toml", "uv.lock", *_listed(), "services")
    changed = git(root, "status", "--porcelain", "--", *files)
    if changed:
        raise NewServiceError(
            "files that the service is entered in have changes: commit or stash them first, so "
            f"that git can undo what is made now\n{changed}"
        )


def undoing(service: str, *, joined: str | None = None) -> str:
    """The command that takes back everything, while nothing is committed.

    `joined` is the service whose saga it takes part in.
    """
    golden = f"tests/charts/golden/{service}-alone.yaml"
    made = " ".join((*folders(service), f"charts/demo/charts/{service}", golden))
    added = f"git clean -fdq services/{joined} && " if joined else ""
    return (
        "git restore pyproject.toml uv.lock charts docs/services k8s services tests && "
        f"{added}"
        f"rm -rf {made} docs/services/{service}.md services/*/contracts/consumers/{service}-*.json "
        "&& make install"
    )


def git(root: Path, *arguments: str) -> str:
    """What git says."""
    return _run(root, "git", *arguments)


def make(root: Path, *targets: str) -> str:
    """Run targets of the Makefile, with the uv that this was started with."""
    uv = f"UV={os.environ['UV']}" if "UV" in os.environ else ""
    return _run(root, "make", "--no-print-directory", *filter(None, (uv,)), *targets)


def lock(root: Path) -> None:
    """Enter a new member of the workspace into uv.lock."""
    _run(root, os.environ.get("UV", "uv"), "lock", "--quiet")


def _listed() -> list[str]:
    return [str(one.file) for one in listings("", "")]


def _run(root: Path, *command: str) -> str:
    environment = {key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"}
    done = subprocess.run(
        command, cwd=root, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise NewServiceError(f"`{' '.join(command)}` failed:\n{done.stdout}{done.stderr}")
    return done.stdout
