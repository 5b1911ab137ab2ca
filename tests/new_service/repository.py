"""A copy of this repository, to make services in."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
OF_THIS_RUN = {"VIRTUAL_ENV", "MAKEFLAGS", "MAKELEVEL", "ARGS", "NAME", "TEMPLATES"}
IDENTITY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Test"), ("EMAIL", "test@longship.example"))
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Repository:
    """A copy of this repository, in which everything is committed."""

    path: Path
    environment: Mapping[str, str]

    def run(self, *command: str) -> str:
        """What a command says on both its outputs; it has to succeed."""
        done = self.tried(*command)
        assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout}"
        return done.stdout

    def tried(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.path,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def make(self, *arguments: str) -> str:
        return self.run("make", "--no-print-directory", f"UV={_uv()}", *arguments)

    def commit(self, message: str) -> None:
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "--allow-empty", "--message", message)

    def changed(self) -> list[str]:
        """Files that are not as they were committed."""
        lines = self.run("git", "status", "--porcelain", "--untracked-files=all").splitlines()
        return [line[3:] for line in lines]


def copied_to(copy: Path) -> Repository:
    """Of the files as they are, whether committed or not; without an environment yet."""
    for name in _files():
        target = copy / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target, follow_symlinks=False)
    inherited = {name: value for name, value in os.environ.items() if name not in OF_THIS_RUN}
    repository = Repository(path=copy, environment={**inherited, **IDENTITY})
    repository.run("git", "init", "--quiet", "--initial-branch=main")
    repository.commit("Everything")
    return repository


def _files() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    return [name for name in listed if name and os.path.lexists(ROOT / name)]


def _uv() -> str:
    own = ROOT / ".uv" / "bin" / "uv"
    found = os.environ.get("UV") or shutil.which("uv") or (str(own) if own.is_file() else None)
    assert found, "run it by `make`, which knows where uv is"
    return str(Path(found).resolve()) if "/" in found else found
