"""`devkit contracts` on the command line: verdicts, exit codes and what programs read."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from devkit.contracts.cli import app
from devkit.contracts.matrix import Matrix, versions_of
from devkit.contracts.pacts import EVENT, make_pact
from devkit.contracts.results import Result

LOAF = make_pact("shop-service", "bakery-service", [{"type": EVENT, "description": "a loaf"}])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository whose last run of the contract tests was at version 1.4.0."""
    met = Result(
        consumer="shop-service",
        provider="bakery-service",
        description="a loaf",
        digest=LOAF.digest,
        faults=(),
    )
    found = Matrix(tmp_path / "dist" / "contracts" / "matrix")
    for known in versions_of("1.4.0", ["shop-service", "bakery-service"], [LOAF], [met]):
        found.enter(known, [LOAF] if known.service == "shop-service" else [])
    return tmp_path


def run(root: Path, *words: str) -> tuple[int, str, str]:
    ran = CliRunner().invoke(app, [*words, "--root", str(root)], env={"COLUMNS": "300"})
    return ran.exit_code, ran.stdout, ran.stderr


def record(root: Path, service: str, version: str = "1.4.0") -> int:
    version_of = ("--service", service, "--version", version)
    code, _, _ = run(root, "record-deployment", *version_of, "--environment", "production")
    return code


def ask(root: Path, version: str, *more: str) -> tuple[int, str, str]:
    return run(root, "can-i-deploy", "--service", "shop-service", "--version", version, *more)


def test_the_answer_is_yes_beside_a_provider_that_was_verified(root: Path):
    assert record(root, "bakery-service") == 0

    code, _, said = ask(root, "1.4.0", "--environment", "production")

    assert code == 0
    assert "yes" in said
    assert "bakery-service 1.4.0 does what shop-service 1.4.0 needs" in said


def test_the_answer_is_no_with_exit_code_one_and_the_reason(root: Path):
    record(root, "bakery-service")

    code, out, said = ask(root, "1.5.0", "--environment", "production", "--json")

    assert code == 1
    assert "nothing is known of shop-service 1.5.0" in said
    (answer,) = json.loads(out)
    assert (answer["can"], answer["environment"]) == (False, "production")
    assert "make contract-test VERSION=1.5.0" in answer["no"][0]


def test_without_an_environment_all_are_asked(root: Path):
    code, _, said = ask(root, "1.4.0")
    assert code == 2
    assert "nothing is known to be deployed anywhere" in said

    record(root, "bakery-service")
    assert ask(root, "1.4.0")[0] == 0


def test_a_deployment_of_an_unknown_version_is_refused(root: Path):
    assert record(root, "bakery-service", "9") == 2


def test_contracts_are_not_sent_to_a_broker_that_nobody_named(
    root: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("PACT_BROKER_BASE_URL", raising=False)

    code, _, said = run(root, "publish", "--version", "1.4.0")

    assert code == 2
    assert "PACT_BROKER_BASE_URL names no Pact Broker" in said


def test_a_repository_without_contracts_lacks_all_of_them(root: Path):
    code, out, _ = run(root, "check", "--json")

    assert code == 1
    findings = json.loads(out)["findings"]
    assert any("shipping-service reads order.OrderApproved.v1" in one for one in findings)
    assert any("sends customer.ReserveCredit.v1 to customer-service" in one for one in findings)
