"""Lets a participant join a saga that the template has made.

The orchestrating service is rendered as it was asked for, without and with the participant, and
the difference is merged into what it is by now: what people have changed stays.
"""

import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from devkit.new_service.errors import NewServiceError
from devkit.new_service.made_services import MadeService, made_service, orchestrating

Render = Callable[[Path, Mapping[str, Any], str], None]
"""Renders into a folder, by answers, the template of a commit."""


def joined_by(root: Path, service: str) -> MadeService | None:
    """The service whose saga it takes part in, if the template has made both."""
    made = made_service(root, service)
    if made is None or made.answers.get("saga") != "participant":
        return None
    return orchestrating(root, made.answers["orchestrator"])


def join(root: Path, participant: str, saga: MadeService, render: Render) -> None:
    """Give the saga's service a step of the participant.

    Nothing is written, and NewServiceError raised, where people have changed the same lines.
    """
    if "participants" not in saga.answers:
        raise NewServiceError(
            f"{saga.service} was made before services could join its saga: take back what was made "
            f"now, run `make update-service NAME={saga.service}`, commit, and begin again"
        )
    with TemporaryDirectory() as folder:
        before, after = Path(folder, "before"), Path(folder, "after")
        render(before, saga.answers, saga.answers["_commit"])
        joined = {**saga.answers, "participants": [*saga.participants, participant]}
        render(after, joined, saga.answers["_commit"])
        merged = dict(_merged(root, before, after))
    for path, text in merged.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _merged(root: Path, before: Path, after: Path) -> Iterator[tuple[Path, str]]:
    for new in sorted(path for path in after.rglob("*") if path.is_file()):
        name = new.relative_to(after)
        old, here = before / name, root / name
        if not old.is_file():
            yield here, new.read_text()
        elif old.read_bytes() != new.read_bytes():
            yield here, _merge(here, old, new, name)


def _merge(here: Path, old: Path, new: Path, name: Path) -> str:
    done = subprocess.run(
        ["git", "merge-file", "-p", here, old, new], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise NewServiceError(
            f"{name} is not as the template has made it, where the new step would go: make the "
            "service with `saga=none` and `commands=true`, and add the step by hand, as "
            "docs/howto/change-a-saga.md tells"
        )
    return done.stdout
