"""The gate over a repository, as `make gate` runs it."""

import json
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from devkit.cli import app

MOVED = {
    "type": "depot.Moved.v1",
    "kind": "events",
    "key": "item",
    "schema": {
        "type": "object",
        "properties": {"item": {"type": "string"}, "to": {"type": "string"}},
        "required": ["item", "to"],
    },
}
READS_TO = {**MOVED, "does": "reads"}
WITHOUT_TO = {
    **MOVED,
    "schema": {
        "type": "object",
        "properties": {"item": {"type": "string"}},
        "required": ["item"],
    },
}


class Checkout:
    """A repository with a service that publishes and one that reads."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.git("init", "--quiet", "--initial-branch=main")
        self.write("depot-service/contracts/released", MOVED)
        self.write("map-service/contracts/uses", READS_TO)
        self.commit()

    def git(self, *arguments: str) -> None:
        who = ("-c", "user.name=test", "-c", "user.email=test@example.org")
        subprocess.run(["git", *who, *arguments], cwd=self.root, check=True, capture_output=True)

    def write(self, folder: str, contract: dict[str, object]) -> None:
        path = self.root / "services" / folder / f"{contract['type']}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(contract))

    def remove(self, folder: str, wire_type: str) -> None:
        (self.root / "services" / folder / f"{wire_type}.json").unlink()

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "change")

    def gate(self, *arguments: str) -> tuple[int, str]:
        finished = CliRunner().invoke(app, ["gate", "--root", str(self.root), *arguments])
        return finished.exit_code, finished.output


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_a_change_is_compared_with_where_it_left_the_main_branch(checkout: Checkout) -> None:
    assert checkout.gate() == (0, "Nobody breaks: the contracts were compared with main.\n")

    checkout.git("checkout", "--quiet", "-b", "topic")
    checkout.write("depot-service/contracts/released", WITHOUT_TO)
    checkout.commit()

    code, said = checkout.gate()
    assert code == 1
    assert "depot.Moved.v1 (compared with main): $.to: is required, and may be missing" in said
    assert "map-service reads it: $.to: is required" in said
    assert "declare depot.Moved.v2 beside it" in said


def test_a_change_that_was_looked_at_may_be_accepted(checkout: Checkout) -> None:
    checkout.write("depot-service/contracts/released", WITHOUT_TO)
    checkout.write("map-service/contracts/uses", {**WITHOUT_TO, "does": "reads"})

    code, said = checkout.gate("--accept", "depot.Moved.v1")
    assert code == 0
    assert "accepted: depot.Moved.v1" in said


def test_what_is_deployed_somewhere_counts_as_well(checkout: Checkout, tmp_path: Path) -> None:
    checkout.git("tag", "v1.4.0")
    checkout.remove("map-service/contracts/uses", "depot.Moved.v1")
    checkout.commit()
    checkout.remove("depot-service/contracts/released", "depot.Moved.v1")
    assert checkout.gate()[0] == 0, "on the main branch nobody uses it any more"

    deployed = tmp_path / "environments"
    deployed.mkdir()
    (deployed / "production.json").write_text('{"map-service": "1.4.0", "depot-service": "1.4.0"}')

    code, said = checkout.gate("--deployed", str(deployed))
    assert code == 1
    assert "depot.Moved.v1 (compared with main, production): nobody declares it any more" in said
    assert "map-service of production reads it: it is gone" in said


def test_without_the_revision_to_compare_with_it_fails(checkout: Checkout, tmp_path: Path) -> None:
    code, said = checkout.gate("--against", "nowhere")
    assert code == 2
    assert "has no revision nowhere: fetch it, with its history" in said

    deployed = tmp_path / "environments"
    deployed.mkdir()
    (deployed / "production.json").write_text('{"map-service": "9.9.9"}')
    assert checkout.gate("--deployed", str(deployed))[0] == 2
