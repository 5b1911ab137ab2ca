"""Where a consumer's tests keep their needs: compared with what is committed, or gathered."""

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from devkit.contracts.folder import ContractFolder
from devkit.contracts.pacts import Interaction, Pact, make_pact, read_pact

_STALE = "run `make pacts` and commit what it writes"


@dataclass(frozen=True, slots=True)
class Committed:
    """Every need has to be in the repository as it is stated."""

    folder: ContractFolder

    def record(self, consumer: str, provider: str, interaction: Interaction) -> None:
        path = self.folder.path(consumer, provider)
        kept = read_pact(path).interactions if path.exists() else ()
        if interaction not in kept:
            raise AssertionError(
                f"{consumer} needs {interaction.description!r} of {provider}, "
                f"and {path.name} does not say so: {_STALE}"
            )


@dataclass(frozen=True, slots=True)
class Gathered:
    """Every need goes into a file of its own, so that tests may run in several processes."""

    folder: Path

    def record(self, consumer: str, provider: str, interaction: Interaction) -> None:
        told = {"consumer": consumer, "provider": provider, "interaction": dict(interaction.raw)}
        name = sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / f"{name}.json").write_text(json.dumps(told))

    def pacts(self) -> list[Pact]:
        """All that was gathered, a pact for each pair."""
        found: dict[tuple[str, str], list[dict[str, object]]] = {}
        for path in sorted(self.folder.glob("*.json")):
            told = json.loads(path.read_text())
            pair = (told["consumer"], told["provider"])
            found.setdefault(pair, []).append(told["interaction"])
        return [make_pact(*pair, interactions) for pair, interactions in sorted(found.items())]


def stale(gathered: list[Pact], committed: list[Pact]) -> list[str]:
    """Where what is committed is not what the consumers' tests say now."""
    now = {(pact.consumer, pact.provider): pact for pact in gathered}
    then = {(pact.consumer, pact.provider): pact for pact in committed}
    return [
        f"what {consumer} needs of {provider} is not what is committed ({_what(now, then, pair)}): "
        f"{_STALE}"
        for pair in sorted(now.keys() | then.keys())
        for consumer, provider in [pair]
        if now.get(pair) != then.get(pair)
    ]


def _what(
    now: dict[tuple[str, str], Pact], then: dict[tuple[str, str], Pact], pair: tuple[str, str]
) -> str:
    if pair not in then:
        return "there is no file yet"
    if pair not in now:
        return "no test states any of it any more"
    new, old = set(_described(now[pair])), set(_described(then[pair]))
    changed = {one.description for one in now[pair].interactions} & old - _same(now, then, pair)
    told = [f"new: {name}" for name in sorted(new - old)]
    told += [f"gone: {name}" for name in sorted(old - new)]
    told += [f"changed: {name}" for name in sorted(changed)]
    return "; ".join(told)


def _same(
    now: dict[tuple[str, str], Pact], then: dict[tuple[str, str], Pact], pair: tuple[str, str]
) -> set[str]:
    kept = then[pair].interactions
    return {one.description for one in now[pair].interactions if one in kept}


def _described(pact: Pact) -> list[str]:
    return [one.description for one in pact.interactions]
