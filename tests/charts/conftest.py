from pathlib import Path

import pytest
import yaml

from devkit.charts import Rendering, render

CHARTS = Path(__file__).parents[2] / "charts"
CASES = sorted(CHARTS.glob("*/ci/*-values.yaml"))


def case_name(values: Path) -> str:
    return f"{values.parts[-3]}-{values.stem.removesuffix('-values')}"


@pytest.fixture(scope="session")
def charts() -> Path:
    return CHARTS


@pytest.fixture(scope="session", params=CASES, ids=case_name)
def case(request) -> Path:
    """Each values file that a chart has in its folder `ci`."""
    return request.param


@pytest.fixture(scope="session")
def name_of_case(case: Path) -> str:
    return case_name(case)


@pytest.fixture(scope="session")
def rendering(case: Path) -> Rendering:
    """What the chart makes of that values file."""
    return render(case.parents[1], yaml.safe_load(case.read_text()))


@pytest.fixture(scope="session")
def demo() -> Rendering:
    """The demo as it comes."""
    return render(CHARTS / "demo")
