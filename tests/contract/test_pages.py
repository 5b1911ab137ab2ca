"""OpenAPI documents and pages of the services are what their code says."""

from pathlib import Path

import pytest

from devkit.pages.cli import files

ROOT = Path(__file__).parents[2]
FILES = dict(files())


@pytest.mark.parametrize("path", FILES, ids=str)
def test_a_file_is_what_the_service_declares(path: Path) -> None:
    kept = (ROOT / path).read_text()

    assert kept == FILES[path], "run `make contracts` and commit what it writes"


@pytest.mark.parametrize("path", [path for path in FILES if path.suffix == ".md"], ids=str)
def test_every_link_of_a_page_leads_to_a_file(path: Path) -> None:
    targets = {part.partition(")")[0] for part in FILES[path].split("](")[1:]}

    assert [one for one in sorted(targets) if not (ROOT / path.parent / one).exists()] == []
