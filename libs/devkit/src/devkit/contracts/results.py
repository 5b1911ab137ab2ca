"""What a verification found, interaction by interaction, in sentences."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Whether a provider does what one interaction of one consumer needs."""

    consumer: str
    provider: str
    description: str
    digest: str
    """Of the consumer's pact; empty where a broker keeps it."""
    faults: tuple[str, ...]

    @property
    def verified(self) -> bool:
        return not self.faults

    def __str__(self) -> str:
        said = "".join(f"\n    {fault}" for fault in self.faults)
        return f"{self.consumer} needs {self.description!r} of {self.provider}:{said}"


def results_of(found: Iterable[Mapping[str, Any]], *, digest: str) -> list[Result]:
    """From what Pact's verifier says."""
    return [
        Result(
            consumer=one["consumer"],
            provider=one["provider"],
            description=one["description"],
            digest=digest,
            faults=() if one["result"] == "OK" else tuple(_faults(one.get("mismatch") or {})),
        )
        for one in found
    ]


def write_results(results: Iterable[Result], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([asdict(one) for one in results], indent=2) + "\n")


def read_results(folder: Path) -> list[Result]:
    """All that providers' tests have written into a folder."""
    return [
        Result(**(one | {"faults": tuple(one["faults"])}))
        for path in sorted(folder.glob("*.json"))
        for one in json.loads(path.read_text())
    ]


def _faults(mismatch: Mapping[str, Any]) -> list[str]:
    details = mismatch.get("mismatches") or ()
    told = [_fault(detail) for detail in details]
    return told or [str(mismatch.get("message") or mismatch or "it was not verified")]


def _fault(detail: Mapping[str, Any]) -> str:
    where = detail.get("path") or detail.get("key") or ""
    header = "header " if detail.get("type") == "MetadataMismatch" else ""
    said = detail.get("mismatch") or detail.get("description") or str(dict(detail))
    return f"{header}{where}: {said}"
