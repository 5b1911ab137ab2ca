"""The example outside the repository prints what its README shows."""

import subprocess
import sys
from pathlib import Path

import pytest

from devkit.release.artifacts import ReleaseError, notes_of
from devkit.release.outside import check_printed

EXAMPLE = Path(__file__).parents[1] / "docs" / "examples" / "book-a-trip"


def test_the_example_does_what_its_readme_shows(tmp_path: Path):
    done = subprocess.run(
        [sys.executable, str(EXAMPLE / "example.py")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    check_printed(done.stdout, EXAMPLE)


def test_an_example_that_prints_something_else_is_told():
    with pytest.raises(ReleaseError, match="its README shows"):
        check_printed("something else", EXAMPLE)


def test_a_version_without_a_changelog_is_not_released(tmp_path: Path):
    changelog = tmp_path / "changelog.md"
    changelog.write_text("# Changelog\n\n## 1.0.0\n\n- Something.\n\n## 0.9.0\n\n- Else.\n")

    assert notes_of(changelog, "1.0.0") == "- Something."
    with pytest.raises(ReleaseError, match=r"nothing on 2\.0\.0"):
        notes_of(changelog, "2.0.0")
