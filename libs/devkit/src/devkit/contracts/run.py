"""All contract tests in one go: consumers' needs, providers' verification, and what is missing."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from devkit.contracts.completeness import missing
from devkit.contracts.fixtures import GATHER, MATRIX_FOLDER, RESULTS
from devkit.contracts.folder import ContractFolder
from devkit.contracts.keeping import Gathered, stale
from devkit.contracts.matrix import Matrix, versions_of
from devkit.contracts.pacts import Pact, write_pact
from devkit.contracts.parties import parties
from devkit.contracts.report import Report, RowState, rows_of
from devkit.contracts.results import Result, read_results
from devkit.contracts.source import Repository
from devkit.deployables import SERVICES

OUTPUT: Final = Path("dist/contracts")
_NO_TESTS: Final = 5


@dataclass(frozen=True, slots=True)
class Run:
    """Of the repository at `root`; what it leaves is below its `dist/contracts`."""

    root: Path

    @property
    def output(self) -> Path:
        return self.root / OUTPUT

    @property
    def matrix(self) -> Matrix:
        """What is deployed somewhere, and what the last run found."""
        return Matrix(self.root / MATRIX_FOLDER, also=(self.output / "matrix",))

    @property
    def repository(self) -> Repository:
        """Contracts that are committed, and those of deployed versions."""
        return Repository(ContractFolder(self.root), self.matrix)

    def test(self, version: str) -> Report:
        """Run everything, and enter what was found into the matrix of this run."""
        began = time.monotonic()
        shutil.rmtree(self.output, ignore_errors=True)
        code = self._pytest("services", "tests/contract")
        committed, gathered = ContractFolder(self.root).pacts(), self._gathered()
        results = read_results(self.output / "results")
        findings = [*stale(gathered, committed), *missing(parties(), committed, results)]
        if not findings:
            self._enter(version, committed, results)
        rows = rows_of(committed, results)
        if code and not findings and all(row.state is RowState.VERIFIED for row in rows):
            findings.append("a contract test failed; what pytest says is above")
        return Report(
            version=version,
            at=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
            seconds=time.monotonic() - began,
            rows=rows,
            findings=tuple(findings),
            deployed=tuple(self._deployed(results)),
        )

    def write(self, consumers: Collection[str] = ()) -> list[Path] | None:
        """Write needs into the repository, of all consumers or some.

        None where a consumer's test fails.
        """
        shutil.rmtree(self.output / "needs", ignore_errors=True)
        tests = [f"services/{one}/tests/contracts" for one in consumers] or ["services"]
        if self._pytest(*tests, "-k", "needs_of"):
            return None
        folder, gathered = ContractFolder(self.root), self._gathered()
        wanted = [folder.path(pact.consumer, pact.provider) for pact in gathered]
        for path in set(folder.paths_of(consumers)) - set(wanted):
            path.unlink()
        for pact, path in zip(gathered, wanted, strict=True):
            write_pact(pact, path)
        return wanted

    def _pytest(self, *what: str) -> int:
        folders = [
            str(path.relative_to(self.root))
            for path in sorted((self.root / "services").glob("*/tests/contracts"))
        ]
        chosen = [part for one in what for part in (folders if one == "services" else [one])]
        output = {GATHER: str(self.output / "needs"), RESULTS: str(self.output / "results")}
        command = [sys.executable, "-m", "pytest", "-q", *chosen]
        ran = subprocess.run(command, cwd=self.root, env=os.environ | output, check=False)
        return ran.returncode

    def _gathered(self) -> list[Pact]:
        return Gathered(self.output / "needs").pacts()

    def _enter(self, version: str, pacts: list[Pact], results: list[Result]) -> None:
        found = Matrix(self.output / "matrix")
        for known in versions_of(version, SERVICES, pacts, results):
            found.enter(known, [pact for pact in pacts if pact.consumer == known.service])

    def _deployed(self, results: list[Result]) -> list[str]:
        broken = {result.digest for result in results if not result.verified}
        return [
            f"{service} {deployed} in {environment}: "
            + ("what it needs is broken" if broken & needs else "what it needs is met")
            for environment in self.matrix.environments()
            for service, deployed in self.matrix.deployed(environment).items()
            if (known := self.matrix.version(service, deployed)) is not None
            for needs in [set(known.needs.values())]
        ]


def version_here(root: Path) -> str:
    """The revision that is checked out; `-dirty` where something is changed."""
    command = ["git", "describe", "--always", "--dirty", "--exclude", "*"]
    told = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    return told.stdout.strip() or "unversioned"
