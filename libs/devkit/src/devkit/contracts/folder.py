"""Where contracts are: with the provider, a file for each consumer.

services/<provider>/contracts/consumers/<consumer>-<provider>.json
"""

from collections.abc import Collection, Iterator
from pathlib import Path

from devkit.contracts.pacts import Pact, read_pact


class ContractFolder:
    """The repository as the broker of contracts."""

    def __init__(self, root: Path) -> None:
        self._services = root / "services"

    def path(self, consumer: str, provider: str) -> Path:
        return self._of(provider) / f"{consumer}-{provider}.json"

    def paths(self, provider: str = "*") -> Iterator[Path]:
        yield from sorted(self._services.glob(f"{provider}/contracts/consumers/*.json"))

    def paths_of(self, consumers: Collection[str]) -> Iterator[Path]:
        """Those of some consumers, or of all where none is named."""
        for path in self.paths():
            provider = path.parents[2].name
            if not consumers or path.stem.removesuffix(f"-{provider}") in consumers:
                yield path

    def pacts(self, provider: str = "*") -> list[Pact]:
        """Raises UnreadablePactError."""
        return [read_pact(path) for path in self.paths(provider)]

    def _of(self, provider: str) -> Path:
        return self._services / provider / "contracts" / "consumers"
