"""The page that compares names tests that there are."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
COMPARISON = ROOT / "docs" / "comparison.md"


def test_every_test_that_is_named_exists():
    named = set(re.findall(r"`(test_\w+)`", COMPARISON.read_text()))
    sources = (
        path.read_text()
        for top in ("libs", "services", "tests")
        for path in (ROOT / top).rglob("test_*.py")
    )
    written = {name for source in sources for name in re.findall(r"def (test_\w+)", source)}

    assert len(named) > 30
    assert named - written == set()
