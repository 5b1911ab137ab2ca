"""The matrix: which version of which service needs what, and what each was verified against.

It is files, so that it can live in the repository, in a branch or on a volume:

versions/<service>/<version>.json    its pacts by their digests, and what it was verified against
pacts/<digest>.json                  the contents of a pact
environments/<environment>.json      the version of each service that is deployed there
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from devkit.contracts.pacts import Pact, read_pact, write_pact
from devkit.contracts.results import Result


class UnknownVersionError(Exception):
    """Nothing is known of a version; says how to come to know it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What is known of one version of one service."""

    service: str
    version: str
    at: str
    needs: Mapping[str, str] = field(default_factory=dict)
    """Of each provider: the digest of the pact."""
    verified: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """For each digest of a consumer's pact: the faults that were found, none if it is met."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """A folder of it, and others that are only read, such as what a run has just found."""

    folder: Path
    also: tuple[Path, ...] = ()

    def version(self, service: str, version: str) -> Version | None:
        for folder in (*self.also, self.folder):
            path = folder / "versions" / service / f"{version}.json"
            if path.exists():
                raw = json.loads(path.read_text())
                verified = {digest: tuple(said) for digest, said in raw["verified"].items()}
                return Version(**(raw | {"verified": verified}))
        return None

    def pact(self, digest: str) -> Pact:
        for folder in (*self.also, self.folder):
            if (path := folder / "pacts" / f"{digest}.json").exists():
                return read_pact(path)
        raise UnknownVersionError(
            f"the pact {digest} is in no matrix; "
            "run `make contract-test` at the version that needs it"
        )

    def environments(self) -> list[str]:
        return sorted(path.stem for path in (self.folder / "environments").glob("*.json"))

    def deployed(self, environment: str) -> dict[str, str]:
        """The version of each service that is deployed there."""
        path = self.folder / "environments" / f"{environment}.json"
        found: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        return found

    def deployed_pacts(self, provider: str) -> list[Pact]:
        """What versions that are deployed anywhere need of a provider."""
        digests = {
            known.needs[provider]
            for environment in self.environments()
            for service, version in self.deployed(environment).items()
            if (known := self.version(service, version)) and provider in known.needs
        }
        return [self.pact(digest) for digest in sorted(digests)]

    def enter(self, version: Version, pacts: Iterable[Pact]) -> None:
        """Write down a version with the contents of its pacts."""
        for pact in pacts:
            write_pact(pact, self.folder / "pacts" / f"{pact.digest}.json")
        path = self.folder / "versions" / version.service / f"{version.version}.json"
        _write(path, asdict(version))

    def record_deployment(self, service: str, version: str, environment: str) -> None:
        """From now on this version is deployed there; raises UnknownVersionError."""
        known = self.version(service, version)
        if known is None:
            raise UnknownVersionError(_unknown(service, version))
        self.enter(known, [self.pact(digest) for digest in known.needs.values()])
        before = self.deployed(environment)
        deployed = dict(sorted((before | {service: version}).items()))
        _write(self.folder / "environments" / f"{environment}.json", deployed)
        if service in before:
            self._forget(service, before[service])

    def _forget(self, service: str, version: str) -> None:
        """A version that was replaced, and what only it needed, unless it is deployed elsewhere."""
        if any(self.deployed(one).get(service) == version for one in self.environments()):
            return
        (self.folder / "versions" / service / f"{version}.json").unlink(missing_ok=True)
        needed = {
            digest
            for path in (self.folder / "versions").glob("*/*.json")
            for digest in json.loads(path.read_text())["needs"].values()
        }
        for path in (self.folder / "pacts").glob("*.json"):
            if path.stem not in needed:
                path.unlink()


def versions_of(
    version: str, services: Iterable[str], pacts: Iterable[Pact], results: Iterable[Result]
) -> list[Version]:
    """One run's findings, as what is now known of this version of every service."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    needs: dict[str, dict[str, str]] = {service: {} for service in services}
    for pact in pacts:
        needs[pact.consumer][pact.provider] = pact.digest
    verified: dict[str, dict[str, tuple[str, ...]]] = {service: {} for service in needs}
    for result in results:
        of_provider = verified[result.provider]
        faults = tuple(f"{result.description}: {fault}" for fault in result.faults)
        of_provider[result.digest] = of_provider.get(result.digest, ()) + faults
    return [
        Version(
            service=service,
            version=version,
            at=at,
            needs=needs[service],
            verified=verified[service],
        )
        for service in needs
    ]


def _unknown(service: str, version: str) -> str:
    return (
        f"nothing is known of {service} {version}: "
        f"run `make contract-test VERSION={version}` on its revision first"
    )


def _write(path: Path, value: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n")
