"""Trying wheels as their users do: in a fresh environment, outside the repository."""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from devkit.private_folder import private_folder
from devkit.release.artifacts import Artifact, ReleaseError, Workshop


def example_from_wheels(workshop: Workshop, wheels: Sequence[Artifact], example: Path) -> None:
    """Install wheels into a new environment and run an example's `example.py` there.

    Raises ReleaseError where it does not print what its README shows.
    """
    with private_folder("longship-example-") as folder:
        python = folder / "venv" / "bin" / "python"
        workshop.run(
            workshop.uv, "venv", "--quiet", "--python", sys.executable, folder / "venv", cwd=folder
        )
        workshop.run(
            *(workshop.uv, "pip", "install", "--quiet", "--python", python),
            *(wheel.path.absolute() for wheel in wheels),
            cwd=folder,
        )
        shutil.copy(example / "example.py", folder)
        printed = workshop.run(python, "example.py", cwd=folder)
    check_printed(printed, example)


def check_printed(printed: str, example: Path) -> None:
    """Raises ReleaseError where an example printed other than its README shows."""
    shown = shown_in(example / "README.md")
    if printed.strip() != shown:
        raise ReleaseError(f"{example.name} printed\n{printed}\nand its README shows\n{shown}")


def shown_in(readme: Path) -> str:
    """What a README shows after `$ python example.py`."""
    block = readme.read_text().split("$ python example.py\n", 1)[1]
    return block.split("```", 1)[0].strip()
