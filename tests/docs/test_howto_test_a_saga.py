"""How to test a saga: what the page says is run, and prints what it shows."""

import contextlib
import io
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "test-a-saga.md"
TEXT = PAGE.read_text()
CODE = re.findall(r"^```python\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
SHOWN = re.findall(r"^```text\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
TESTS = re.findall(r"^def (test_\w+)", "\n".join(CODE), re.MULTILINE)


@pytest.fixture(scope="module")
def page() -> Any:
    module = ModuleType("the_page")
    sys.modules[module.__name__] = module  # its annotations are looked up there
    exec(compile("\n".join(CODE), str(PAGE), "exec"), module.__dict__)
    yield module
    del sys.modules[module.__name__]


def test_the_pages_tests_pass_and_print_what_it_shows(page: ModuleType) -> None:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        for test in TESTS:
            getattr(page, test)()

    assert len(TESTS) == 4
    for shown in SHOWN:
        assert shown in printed.getvalue()
