"""The documentation builds without a warning: no link leads nowhere, no page is left out."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(
    path
    for path in (ROOT / "README.md", *DOCS.rglob("*.md"), *ROOT.glob("*/*/README.md"))
    if ".venv" not in path.parts
)
LINK = re.compile(r"\]\(([^)#\s]+)")


def test_the_documentation_builds(tmp_path: Path):
    options = ["-q", "-W", "--keep-going", "-b", "html", "-d", str(tmp_path / "doctrees")]
    command = [sys.executable, "-m", "sphinx", *options, str(DOCS), str(tmp_path / "html")]

    built = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (built.returncode, built.stderr) == (0, "")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_within_the_repository_lead_somewhere(page: Path):
    links = {link for link in LINK.findall(page.read_text()) if "://" not in link}

    assert {link for link in links if not (page.parent / link).exists()} == set()
