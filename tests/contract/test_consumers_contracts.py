"""Every message that a service receives has a contract, and every contract a verification."""

from pathlib import Path

import pytest

from devkit.contracts.completeness import missing
from devkit.contracts.folder import ContractFolder
from devkit.contracts.parties import parties

ROOT = Path(__file__).parents[2]
FOLDER = ContractFolder(ROOT)


def test_nothing_goes_without_a_contract():
    assert missing(parties(), FOLDER.pacts()) == []


@pytest.mark.parametrize("provider", sorted({pact.provider for pact in FOLDER.pacts()}))
def test_every_provider_is_verified_with_its_consumers_contracts(provider: str):
    tests = (ROOT / "services" / provider / "tests" / "contracts").glob("test_*.py")

    assert any("provider.verify(states)" in path.read_text() for path in tests)


def test_a_contract_lies_with_its_provider_under_both_names():
    for path in FOLDER.paths():
        (pact,) = [
            one for one in FOLDER.pacts() if path.name == f"{one.consumer}-{one.provider}.json"
        ]

        assert path == FOLDER.path(pact.consumer, pact.provider)
