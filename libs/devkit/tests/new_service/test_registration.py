"""A new service is entered into every list that names services, and nothing else changes there."""

import shutil
from pathlib import Path

import pytest

from devkit.new_service.chart_lists import listings
from devkit.new_service.errors import NewServiceError
from devkit.new_service.registration import links, register

ROOT = Path(__file__).parents[4]
SERVICE = "trial-service"
ALONE = "database: {secret: {name: trial-database, key: uri}}\nnats: {secret: {name: trial-nats}}\n"
LISTS = (Path("pyproject.toml"), *(one.file for one in listings(SERVICE, "")))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Of the repository what names services, and the chart that the template writes."""
    for file in LISTS:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, tmp_path / file)
    (tmp_path / "charts" / SERVICE / "ci").mkdir(parents=True)
    (tmp_path / "charts" / SERVICE / "ci" / "alone-values.yaml").write_text(ALONE)
    return tmp_path


def texts(root: Path) -> dict[Path, str]:
    return {file: (root / file).read_text() for file in LISTS}


def test_lines_are_added_and_all_others_stay_as_they_are(root: Path):
    before = texts(root)

    register(root, SERVICE)

    for file, text in texts(root).items():
        lines = text.splitlines()
        added = [one for one in lines if "trial" in one or one.startswith("# until its")]
        kept = [one for one in before[file].splitlines() if not one.startswith("# until its")]
        assert added, file
        assert [one for one in lines if one not in added] == kept, file


def test_once_is_as_good_as_twice(root: Path):
    register(root, SERVICE)
    once = texts(root)

    register(root, SERVICE)

    assert texts(root) == once


def test_links_lead_to_the_charts(root: Path):
    register(root, SERVICE)

    for link, target in links(SERVICE):
        assert str((root / link).readlink()) == target


@pytest.mark.parametrize(
    ("file", "was", "becomes"),
    [
        ("charts/demo/Chart.yaml", "  - {name:", "  -  {name:"),
        ("charts/demo/values.schema.json", "Held to the schema", "Checked by the schema"),
        ("pyproject.toml", "The domain imports no framework", "Pure domains"),
    ],
)
def test_a_list_that_is_written_otherwise_is_said_to_be(
    root: Path, file: str, was: str, becomes: str
):
    path = root / file
    path.write_text(path.read_text().replace(was, becomes))

    with pytest.raises(NewServiceError, match="by hand"):
        register(root, SERVICE)
