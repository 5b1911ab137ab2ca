"""What pytest gives to contract tests; settings come from the environment.

PACTS_TO: gather needs in this folder, without comparing them with what is committed.
CONTRACT_RESULTS: write what providers' verifications find into this folder.
CONTRACT_MATRIX: the matrix, whose deployed versions are verified as well.
"""

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest

from chassis.service import Service
from chassis.testing.spans import exported_spans
from devkit.contracts.consuming import Needs, Recorder
from devkit.contracts.folder import ContractFolder
from devkit.contracts.keeping import Committed, Gathered
from devkit.contracts.matrix import Matrix
from devkit.contracts.providing import Provider
from devkit.contracts.source import Repository, Source, source_of
from devkit.service_fixtures import empty

GATHER: Final = "PACTS_TO"
RESULTS: Final = "CONTRACT_RESULTS"
MATRIX: Final = "CONTRACT_MATRIX"
MATRIX_FOLDER: Final = Path("tests/contract/matrix")


def needs(root: Path, consumer: str, provider: str) -> Needs:
    """What a consumer's tests state is compared with the repository, or gathered."""
    gather = os.environ.get(GATHER)
    recorder: Recorder = Gathered(Path(gather)) if gather else Committed(ContractFolder(root))
    return Needs(consumer, provider, recorder)


def provider_fixture(package: str) -> Any:
    """The fixture `provider`: a service as its consumers' contracts are verified with it.

        provider = provider_fixture("customer_service")

    Written in the `conftest.py` of its contract tests. Traced, since consumers need `traceparent`.
    """

    @pytest.fixture
    def provider(service: Service, request: pytest.FixtureRequest) -> Iterator[Provider]:
        with exported_spans():
            yield Provider(
                service,
                partial(empty, service.database, package),
                source(request.config.rootpath),
                results(),
            )

    return provider


def source(root: Path) -> Source:
    """Where providers' tests find the contracts."""
    matrix = Matrix(Path(os.environ.get(MATRIX) or root / MATRIX_FOLDER))
    return source_of(os.environ, Repository(ContractFolder(root), matrix))


def results() -> Path | None:
    folder = os.environ.get(RESULTS)
    return Path(folder) if folder else None
