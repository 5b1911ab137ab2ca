"""The sagas that each service has released are still there, and still what they were."""

from pathlib import Path

import pytest

from chassis.sagas.declared import sagas_of
from chassis.sagas.released import changed_sagas, described_sagas, released_sagas
from devkit.deployables import with_messaging

ROOT = Path(__file__).parents[2]
SERVICES = [one.name for one in with_messaging()]


def folder_of(service: str) -> Path:
    return ROOT / "services" / service / "contracts" / "sagas"


@pytest.mark.parametrize("service", SERVICES)
def test_released_sagas_have_not_changed(service: str):
    sagas = sagas_of(service.replace("-", "_"))

    assert [str(one) for one in changed_sagas(sagas, folder_of(service))] == []


@pytest.mark.parametrize("service", SERVICES)
def test_every_saga_is_released_as_it_is(service: str):
    current = described_sagas(sagas_of(service.replace("-", "_")))

    stale = "run `make contracts` and commit what it writes"
    assert released_sagas(folder_of(service)) == current, stale
