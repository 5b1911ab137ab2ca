"""Every `chassis …` that a runbook or the page for operators names is one that can be typed."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import typer

from chassis.cli import app

HOWTO = Path(__file__).parents[2] / "docs" / "howto"
PAGES = sorted((*HOWTO.glob("runbooks/*.md"), HOWTO / "operate-sagas.md"))
PLACEHOLDERS = {"<saga id>": str(uuid4()), "<id>": "7", "<number>": "7"}
TYPED = re.compile(r"^\$ .*?\bchassis (.*)$", re.MULTILINE)
NAMED = re.compile(r"`chassis ([^`]+)`")


def commands() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        text = page.read_text()
        for found in (*TYPED.finditer(text), *NAMED.finditer(text)):
            yield page.stem, " ".join(found[1].split())


def words_of(line: str) -> list[str]:
    for placeholder, value in PLACEHOLDERS.items():
        line = line.replace(placeholder, value)
    return shlex.split(re.sub(r"<[^>]+>", "x", line), comments=True)


def parse(words: list[str]) -> None:
    """Raises what the command line would tell; runs nothing."""
    command, name, parent = typer.main.get_command(app), "chassis", None
    while hasattr(command, "commands"):
        assert words, f"{name} is a group of commands"
        name, *words = words
        assert name in command.commands, f"there is no '{name}'"
        command = command.commands[name]
    if words:  # without any it is named, not typed
        command.make_context(name, words, parent=parent)


@pytest.mark.parametrize(("page", "line"), sorted(set(commands())))
def test_a_command_that_a_page_names_can_be_typed(page: str, line: str):
    parse(words_of(line))


@pytest.mark.parametrize(
    "wrong", ["sagas explode", "sagas retry --all", "outbox release", "sagas show order-7"]
)
def test_one_that_cannot_be_typed_is_found(wrong: str):
    words = words_of(wrong)
    if wrong == "outbox release":
        words.append("--by")
    with pytest.raises(Exception, match=r"no 'explode'|--all|--by|order-7"):
        parse(words)


def test_the_pages_name_commands_of_every_kind():
    groups = {line.split()[0] for _, line in commands()}

    assert {"sagas", "outbox", "dead-letters", "flows", "audit", "views"} <= groups
