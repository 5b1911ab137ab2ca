"""The tutorial, followed word for word in an empty folder."""

import re
import subprocess
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial.md"
BLOCK = re.compile(
    r"(?:^<!-- (?P<edited>\S+): (?P<old>.+?) => (?P<new>.+?) -->\n)?"
    r"^```(?P<kind>python|console)(?: (?P<file>\S+))?\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


class Step(NamedTuple):
    """A file to write; or a command to run, with an edit that is taken back, and what it prints."""

    kind: str
    text: str
    file: str | None
    edited: str | None
    old: str
    new: str


def steps() -> Iterator[Step]:
    for found in BLOCK.finditer(TUTORIAL.read_text()):
        yield Step(
            *(found[name] or None for name in ("kind", "text", "file", "edited", "old", "new"))
        )


def test_every_file_and_every_output_is_as_the_tutorial_shows(tmp_path: Path):
    written, run = 0, 0
    for step in steps():
        if step.kind == "python":
            assert step.file, "a file of the tutorial has a name"
            (tmp_path / step.file).write_text(step.text)
            written += 1
        else:
            check_command(step, tmp_path)
            run += 1

    assert (written, run) == (6, 5)


def check_command(step: Step, folder: Path) -> None:
    command, *expected = step.text.removeprefix("$ ").splitlines()
    kept = (folder / step.edited).read_text() if step.edited else ""
    if step.edited:
        assert step.old in kept
        (folder / step.edited).write_text(kept.replace(step.old, step.new))
    printed = run_in_shell(command, folder)
    if step.edited:
        (folder / step.edited).write_text(kept)
    rest = map(folded, printed.splitlines())
    for line in expected:  # all of them, in their order, among what else is printed
        assert any(folded(line) in one for one in rest), f"{line!r} is not in\n{printed}"


def folded(line: str) -> str:
    return " ".join(line.split())


def run_in_shell(command: str, folder: Path) -> str:
    done = subprocess.run(
        command,
        shell=True,
        cwd=folder,
        env={"PATH": f"{sysconfig.get_path('scripts')}:/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=180,
        check=False,
    )
    return done.stdout
