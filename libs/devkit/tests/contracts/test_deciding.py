"""Whether a version can be deployed is answered from the matrix, with the reason."""

from pathlib import Path

import pytest

from devkit.contracts.deciding import can_i_deploy
from devkit.contracts.matrix import Matrix, UnknownVersionError, versions_of
from devkit.contracts.pacts import COMMAND, EVENT, Pact, make_pact
from devkit.contracts.results import Result

SERVICES = ("shop-service", "bakery-service", "archive-service")


def need(description: str, kind: str = EVENT, consumer: str = "shop-service") -> Pact:
    return make_pact(consumer, "bakery-service", [{"type": kind, "description": description}])


def verified(pact: Pact, *faults: str) -> Result:
    return Result(
        consumer=pact.consumer,
        provider=pact.provider,
        description=pact.interactions[0].description,
        digest=pact.digest,
        faults=faults,
    )


@pytest.fixture
def matrix(tmp_path: Path) -> Matrix:
    return Matrix(tmp_path / "matrix")


def enter(matrix: Matrix, version: str, pacts: list[Pact], results: list[Result]) -> None:
    """What a run of the contract tests at one version finds."""
    for known in versions_of(version, SERVICES, pacts, results):
        matrix.enter(known, [pact for pact in pacts if pact.consumer == known.service])


def deploy(matrix: Matrix, version: str, *services: str, to: str = "production") -> None:
    for service in services:
        matrix.record_deployment(service, version, to)


LOAF, CAKE = need("a loaf"), need("a cake")


def test_a_version_whose_needs_are_met_can_be_deployed(matrix: Matrix):
    enter(matrix, "1", [LOAF], [verified(LOAF)])
    enter(matrix, "2", [LOAF], [verified(LOAF)])
    deploy(matrix, "1", "bakery-service", "shop-service")

    shop = can_i_deploy(matrix, "shop-service", "2", "production")
    bakery = can_i_deploy(matrix, "bakery-service", "2", "production")

    assert shop.can
    assert shop.yes == ("bakery-service 1 does what shop-service 2 needs",)
    assert bakery.can
    assert bakery.yes == ("bakery-service 2 does what shop-service 1 needs",)


def test_a_version_of_which_nothing_is_known_cannot_be_deployed(matrix: Matrix):
    answer = can_i_deploy(matrix, "shop-service", "9", "production")

    assert not answer.can
    assert "nothing is known of shop-service 9: run `make contract-test VERSION=9`" in answer.no[0]


def test_a_consumer_waits_for_a_provider_that_was_verified_with_it(matrix: Matrix):
    enter(matrix, "1", [LOAF], [verified(LOAF)])
    deploy(matrix, "1", "bakery-service", "shop-service")
    enter(matrix, "2", [CAKE], [verified(CAKE), verified(LOAF)])

    answer = can_i_deploy(matrix, "shop-service", "2", "production")
    assert not answer.can
    assert "bakery-service 1 was never verified with what shop-service 2 needs" in answer.no[0]

    assert can_i_deploy(matrix, "bakery-service", "2", "production").can
    deploy(matrix, "2", "bakery-service")
    assert can_i_deploy(matrix, "shop-service", "2", "production").can


def test_a_provider_that_breaks_a_deployed_consumer_cannot_be_deployed(matrix: Matrix):
    enter(matrix, "1", [LOAF], [verified(LOAF)])
    deploy(matrix, "1", "bakery-service", "shop-service")
    enter(matrix, "2", [CAKE], [verified(CAKE), verified(LOAF, "$.flour: is missing")])

    answer = can_i_deploy(matrix, "bakery-service", "2", "production")

    assert not answer.can
    assert "does not do what shop-service 1 needs (a loaf: $.flour: is missing)" in answer.no[0]
    assert "expand, migrate, contract" in answer.no[0]


def test_commands_to_a_service_that_is_not_there_keep_a_version_back(matrix: Matrix):
    asked = need("Bake", COMMAND)
    enter(matrix, "1", [asked], [verified(asked)])

    answer = can_i_deploy(matrix, "shop-service", "1", "production")

    assert not answer.can
    assert "deploy bakery-service there first" in answer.no[0]


def test_events_of_a_service_that_is_not_there_are_only_noted(matrix: Matrix):
    enter(matrix, "1", [LOAF], [verified(LOAF)])

    answer = can_i_deploy(matrix, "shop-service", "1", "production")

    assert answer.can
    assert "bakery-service is not deployed in production" in answer.notes[0]


def test_environments_are_told_apart(matrix: Matrix):
    enter(matrix, "1", [LOAF], [verified(LOAF)])
    deploy(matrix, "1", "bakery-service", to="staging")

    assert matrix.environments() == ["staging"]
    assert can_i_deploy(matrix, "shop-service", "1", "staging").yes
    assert can_i_deploy(matrix, "shop-service", "1", "production").notes


def test_what_a_deployed_version_needs_is_kept_until_it_is_replaced_everywhere(matrix: Matrix):
    enter(matrix, "1", [LOAF], [verified(LOAF)])
    deploy(matrix, "1", "shop-service", to="staging")
    deploy(matrix, "1", "shop-service", to="production")
    enter(matrix, "2", [CAKE], [verified(CAKE)])
    deploy(matrix, "2", "shop-service", to="staging")

    assert {pact.digest for pact in matrix.deployed_pacts("bakery-service")} == {
        LOAF.digest,
        CAKE.digest,
    }

    deploy(matrix, "2", "shop-service", to="production")
    assert matrix.deployed_pacts("bakery-service") == [CAKE]
    assert matrix.version("shop-service", "1") is None


def test_a_version_that_was_never_tested_cannot_be_noted_as_deployed(matrix: Matrix):
    with pytest.raises(UnknownVersionError, match="nothing is known of shop-service 7"):
        matrix.record_deployment("shop-service", "7", "production")


def test_what_a_run_has_just_found_is_read_beside_what_is_kept(tmp_path: Path):
    found, kept = Matrix(tmp_path / "run"), tmp_path / "matrix"
    enter(found, "1", [LOAF], [verified(LOAF)])
    matrix = Matrix(kept, also=(found.folder,))

    matrix.record_deployment("shop-service", "1", "production")

    assert Matrix(kept).version("shop-service", "1") is not None
    assert Matrix(kept).deployed_pacts("bakery-service") == [LOAF]
