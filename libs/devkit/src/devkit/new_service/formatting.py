"""Formats what the template has written: `python -m devkit.new_service.formatting ROOT SERVICE`.

Copier runs it in every folder that it renders into, so that what it compares is formatted alike.
"""

import subprocess
import sys
from pathlib import Path


def main(root: str, service: str) -> None:
    """Sort imports and format, by the rules of the repository at `root`."""
    ruff, folder = (sys.executable, "-m", "ruff"), f"services/{service}"
    rules = ("--quiet", "--no-cache", "--config", str(Path(root) / "pyproject.toml"))
    # found by their folders only where Copier renders into the repository itself
    own = f'lint.isort.known-first-party=["chassis", "devkit", "{service.replace("-", "_")}"]'
    sort = ("--config", own, "--select", "I", "--fix-only")
    subprocess.run([*ruff, "check", *rules, *sort, folder], check=True)
    subprocess.run([*ruff, "format", *rules, folder], check=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
