"""Whatever a service's OpenAPI document allows or forbids is answered as it says, never by a 500.

Schemathesis makes requests from the document, valid ones and others, and calls operations one after
another with what they answered. `make fuzz` tries more of them.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fuzz.engine import Figures, fuzz
from fuzz.services import GATEWAY, HISTORY, deployables

from devkit.issuer import ISSUER, new_issuer

Compose = Callable[..., Any]

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


def test_the_history_answers_as_it_documents(
    history: Any, examples: int, capsys: pytest.CaptureFixture[str]
) -> None:
    check(HISTORY, fuzz(history, examples=examples), capsys)


def test_the_gateway_answers_as_it_documents(  # noqa: PLR0917 - fixtures
    compose: Compose,
    served: Callable[[str], str],
    history: Any,
    examples: int,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    issuer = new_issuer()
    jwks = tmp_path / "jwks.json"
    jwks.write_text(issuer.jwks)
    behind = {f"{name.replace('-', '_')}_url": served(name) for name in (*OTHERS, HISTORY)}
    gateway = compose(
        GATEWAY,
        jwks_file=jwks,
        token_issuer=ISSUER,
        subject_rate="1000000/minute",
        address_rate="1000000/minute",
        **behind,
    )
    token = issuer.token("clerk", scopes=["staff"])

    figures = fuzz(gateway.http, examples=examples, headers={"Authorization": f"Bearer {token}"})

    check(GATEWAY, figures, capsys)
