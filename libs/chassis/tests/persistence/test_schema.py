from pathlib import Path

import pytest
from typer.testing import CliRunner

from chassis.cli import app
from chassis.persistence import migrations
from chassis.persistence.migrations import missing_revisions
from devkit.embedded.postgres import Database

SERVICE = "order_service"


@pytest.fixture(scope="module")
def heads():
    return missing_revisions(SERVICE, set())


def run(database: Database, *arguments: str):
    return CliRunner().invoke(app, arguments, env={"DATABASE_URL": database.url})


def test_an_empty_database_lacks_the_newest_revision_of_service_and_chassis(heads):
    assert any(revision.startswith("chassis_") for revision in heads)
    assert any(revision.startswith("order_") for revision in heads)


def test_a_migrated_database_lacks_nothing(heads):
    assert not missing_revisions(SERVICE, heads)


def test_a_database_that_is_ahead_lacks_nothing_so_that_a_release_can_be_rolled_back(heads):
    ahead = {"chassis_9999" if revision.startswith("chassis_") else revision for revision in heads}
    assert not missing_revisions(SERVICE, ahead)
    assert not missing_revisions(SERVICE, {"chassis_9999", "order_9999"})


def test_a_database_that_is_ahead_in_one_branch_and_behind_in_the_other_is_behind():
    assert missing_revisions(SERVICE, {"chassis_9999"})


@pytest.mark.real
def test_a_pod_waits_until_the_schema_is_there(database):
    assert run(database, "wait-for-schema", SERVICE).exit_code == 1
    assert run(database, "migrate", SERVICE).exit_code == 0
    assert run(database, "wait-for-schema", SERVICE).exit_code == 0


@pytest.mark.real
def test_waiting_says_what_to_do(database):
    assert "alembic_version" in run(database, "wait-for-schema", SERVICE).output


def test_the_chassis_s_revisions_are_one_chain_in_the_order_of_their_files():
    versions = Path(migrations.__file__).parent / "versions"
    names = [path.stem for path in sorted(versions.glob("chassis_*.py"))]
    revisions = [name[: len("chassis_0000")] for name in names]

    assert revisions == [f"chassis_{number + 1:04}" for number in range(len(names))]
    for before, revision, name in zip(["", *revisions], revisions, names, strict=False):
        source = (versions / f"{name}.py").read_text()
        assert f'\nrevision = "{revision}"\n' in source
        assert (
            f'\ndown_revision = "{before}"\n' if before else "\ndown_revision = None\n"
        ) in source
