"""The reference of the chassis holds what services are made of."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = ("services/*/src/**/*.py", "libs/service-template/**/*.py.jinja", "docs/examples/**/*.py")
_IMPORT = re.compile(r"^from (chassis\.[\w.]+) import", re.MULTILINE)


def imported() -> list[str]:
    """Modules of the chassis that services, the template and the examples import."""
    files = [path for pattern in SOURCES for path in ROOT.glob(pattern)]
    return sorted({module for path in files for module in _IMPORT.findall(path.read_text())})


@pytest.mark.parametrize("module", imported())
def test_what_a_service_imports_is_in_the_reference(module: str) -> None:
    page = (ROOT / "docs" / "reference" / "api.md").read_text()

    assert f".. automodule:: {module}\n" in page, "add it to docs/reference/api.md"
