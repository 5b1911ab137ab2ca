"""Whatever a service's OpenAPI document allows or forbids is answered as it says, never by a 500.

Schemathesis makes requests from the document, valid ones and others, and calls operations one after
another with what they answered. `make fuzz` tries more of them.
"""

from collections.abc import Callable
from typing import Any

import pytest
from fuzz.engine import Figures, fuzz
from fuzz.services import deployables

Compose = Callable[..., Any]

GATEWAY, HISTORY = "api-gateway", "order-history-service"
# the two need a broker, or services behind them
OTHERS = [name for name in deployables() if name not in (GATEWAY, HISTORY)]

pytestmark = pytest.mark.slow


def check(name: str, figures: Figures, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print(f"\n{name}: {figures}", figures.told, sep="\n")  # noqa: T201 - they are wanted
    assert not figures.failures, figures.told


@pytest.mark.parametrize("name", OTHERS)
def test_a_service_answers_as_it_documents(
    name: str, compose: Compose, examples: int, capsys: pytest.CaptureFixture[str]
) -> None:
    check(name, fuzz(compose(name).http, examples=examples), capsys)
