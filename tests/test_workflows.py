"""The GitHub workflows: nothing in them that cannot be run elsewhere, and no right too many."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PINNED = re.compile(r"uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")

pytestmark = pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)


def jobs(workflow: Path) -> Iterator[dict[str, Any]]:
    yield from yaml.safe_load(workflow.read_text())["jobs"].values()


def steps(workflow: Path) -> list[dict[str, Any]]:
    return [step for job in jobs(workflow) for step in job["steps"]]


def test_every_step_that_runs_something_is_a_target_of_the_makefile(workflow: Path):
    targets = set(re.findall(r"^([a-z0-9-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    commands = [step["run"] for step in steps(workflow) if "run" in step]
    assert commands
    for command in commands:
        make, target, *_ = command.split()
        assert make == "make"
        assert target in targets


def test_every_action_is_pinned_by_its_digest_and_says_its_version(workflow: Path):
    used = [line for line in workflow.read_text().splitlines() if "uses:" in line]
    assert used
    assert [line for line in used if not PINNED.search(line)] == []


def test_no_job_has_a_right_that_it_does_not_name_or_runs_for_ever(workflow: Path):
    described = yaml.safe_load(workflow.read_text())
    assert described["permissions"] == {}
    assert described["concurrency"]["group"]
    for job in jobs(workflow):
        assert job["permissions"]["contents"] == "read"
        assert job["timeout-minutes"] <= 75


def test_no_checkout_leaves_credentials_behind(workflow: Path):
    for step in steps(workflow):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False
