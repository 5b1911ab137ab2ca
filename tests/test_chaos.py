"""`devkit chaos`, as a user starts it."""

import json
import subprocess

import pytest

from devkit.chaos import VICTIMS


@pytest.mark.slow
def test_nothing_is_lost_doubled_or_stuck_when_every_process_is_killed_once(
    devkit: str, environment: dict[str, str]
) -> None:
    finished = subprocess.run(
        [devkit, "chaos", "--kills", str(len(VICTIMS)), "--orders", "100", "--json"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )

    assert finished.returncode == 0, finished.stderr
    (line,) = finished.stdout.splitlines()
    assert json.loads(line) == {
        "kills": len(VICTIMS),
        "lost": 0,
        "applied_twice": 0,
        "out_of_order": 0,
        "stuck": 0,
        "sums_agree": True,
    }
    for victim in VICTIMS:
        assert f"{victim} was ended by SIGKILL" in finished.stderr
