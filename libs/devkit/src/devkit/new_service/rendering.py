"""Has Copier fill in the template."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from devkit.new_service.errors import NewServiceError
from devkit.new_service.made_services import ANSWERS
from devkit.new_service.repository import folders, git


def write(root: Path, answers: Mapping[str, Any], *, defaults: bool) -> None:
    """Ask what is not answered, unless by `defaults`, and write; the template is the last commit's.

    Raises NewServiceError for an answer that is none.
    """
    _copy(root, answers, commit=git(root, "rev-parse", "HEAD").strip(), defaults=defaults)


def render(folder: Path, answers: Mapping[str, Any], commit: str) -> None:
    """Into another folder, by the template of that commit; asks nothing."""
    given = {name: value for name, value in answers.items() if not name.startswith("_")}
    _copy(folder, given, commit=commit, defaults=True)


def _copy(into: Path, answers: Mapping[str, Any], *, commit: str, defaults: bool) -> None:
    copier = _copier()
    try:
        copier.run_copy(
            ".",
            into,
            data=dict(answers),
            defaults=defaults,
            answers_file=f"{folders(answers['service'])[0]}/{ANSWERS}",
            vcs_ref=commit,
            unsafe=True,  # its extension and its task are this package's own
            quiet=True,
        )
    except (copier.errors.CopierError, ValueError) as error:
        raise NewServiceError(f"the template cannot be filled in: {error}") from error
    except KeyboardInterrupt:
        raise NewServiceError("nothing was made: the questions were not answered") from None


def _copier() -> Any:
    try:
        import copier  # noqa: PLC0415 - a tool of the repository, not of those who install devkit
    except ImportError as error:
        raise NewServiceError("copier is not installed here: run `make install`") from error
    return copier
