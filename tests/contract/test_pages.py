"""OpenAPI documents, needs of HTTP APIs, services' pages and the reference are what code says."""

from pathlib import Path

import pytest

from devkit.pages.cli import files

ROOT = Path(__file__).parents[2]
STALE = "run `make contracts` and commit what it writes"
PLACES = (
    "services/*/contracts/openapi.yaml",
    "services/*/contracts/uses/http/*.json",
    "docs/services/*.md",
    "docs/reference/settings.md",
    "docs/reference/commands.md",
)
KEPT = sorted(path.relative_to(ROOT) for place in PLACES for path in ROOT.glob(place))


@pytest.fixture(scope="module")
def declared() -> dict[Path, str]:
    """What belongs into which file."""
    return dict(files())


def test_all_files_are_there_and_no_others(declared: dict[Path, str]) -> None:
    assert sorted(declared) == KEPT, STALE


@pytest.mark.parametrize("path", KEPT, ids=str)
def test_a_file_is_what_the_service_declares(path: Path, declared: dict[Path, str]) -> None:
    assert (ROOT / path).read_text() == declared[path], STALE


def test_every_link_of_a_page_leads_to_a_file(declared: dict[Path, str]) -> None:
    for path, text in declared.items():
        targets = {part.partition(")")[0] for part in text.split("](")[1:]}

        assert [one for one in sorted(targets) if not (ROOT / path.parent / one).exists()] == []
