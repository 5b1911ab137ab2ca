"""Making what a release publishes, except images, which need a builder of containers."""

import hashlib
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

LIBRARIES: Final = ("longship-chassis", "longship-devkit")


class ReleaseError(RuntimeError):
    """Something would not be released as it is; the message says what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Artifact:
    """A file that a release publishes."""

    kind: str
    path: Path

    @property
    def size(self) -> int:
        return self.path.stat().st_size

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.path.read_bytes()).hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class Workshop:
    """Where a release is made: from the sources at `root` into `dist`, by the `uv` given."""

    root: Path
    dist: Path
    uv: str

    def wheels(self) -> list[Artifact]:
        """The libraries that services are built with."""
        for library in LIBRARIES:
            self.run(self.uv, "build", "--quiet", "--wheel", "--package", library, "-o", self.dist)
        return _found("wheel", self.dist.glob("*.whl"))

    def charts(self, names: Sequence[str], version: str) -> list[Artifact]:
        """Packaged with their library chart inside, for `helm install` from anywhere."""
        import helm_python  # noqa: PLC0415 -- 75 MB, for who works on charts

        helm_python.disable_logging()  # a line for every link between charts
        for name in names:
            chart = self.root / "charts" / name
            helm_python.package(
                str(chart), destination=str(self.dist), version=version, app_version=version
            )
        return _found("chart", self.dist.glob("*.tgz"))

    def bills_of_materials(self, services: Sequence[str]) -> list[Artifact]:
        """CycloneDX, from the lock: what an image has beyond its base."""
        for service in services:
            self.run(
                *(self.uv, "export", "--quiet", "--frozen", "--no-dev", "--package", service),
                *("--format", "cyclonedx1.5", "--output-file", self.dist / f"{service}.cdx.json"),
            )
        return _found("bill of materials", self.dist.glob("*.cdx.json"))

    def run(self, *argv: str | Path, cwd: Path | None = None) -> str:
        """Run a command and return its output; raises ReleaseError with what it said."""
        done = subprocess.run(
            [str(part) for part in argv],
            cwd=cwd or self.root,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            command = " ".join(map(str, argv[:4]))
            raise ReleaseError(f"`{command} …` failed:\n{done.stderr.strip()[-2000:]}")
        return done.stdout


def notes_of(changelog: Path, version: str) -> str:
    """What the changelog says of a version; raises ReleaseError where it says nothing."""
    _, heading, rest = changelog.read_text().partition(f"## {version}")
    notes = "\n".join(rest.split("\n## ", 1)[0].splitlines()[1:]).strip()
    if not heading or not notes:
        raise ReleaseError(
            f"{changelog.name} has nothing on {version}: write '## {version}' and what changed"
        )
    return notes


def _found(kind: str, paths: Iterable[Path]) -> list[Artifact]:
    return [Artifact(kind=kind, path=path) for path in sorted(paths)]
