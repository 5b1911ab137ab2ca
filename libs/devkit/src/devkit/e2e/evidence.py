"""What a cluster has to say about a failure, kept before everything is removed."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from devkit.e2e.commands import CommandFailedError
from devkit.e2e.namespace import Namespace

_QUESTIONS = {
    "pods.txt": ("get", "pods", "--output", "wide"),
    "events.txt": ("get", "events", "--sort-by", ".lastTimestamp"),
    "described.txt": ("describe", "pods"),
    "logs.txt": (
        *("logs", "--selector", "app.kubernetes.io/part-of=longship", "--all-containers"),
        *("--prefix", "--tail", "1000", "--max-log-requests", "50"),
    ),
}


async def keep_evidence(namespace: Namespace, folder: Path) -> None:
    """Write pods, events and logs of the namespace into the folder. No Secrets are read."""
    answers = {file: await _asked(namespace, question) for file, question in _QUESTIONS.items()}
    await asyncio.to_thread(_write, answers, folder)


async def _asked(namespace: Namespace, question: tuple[str, ...]) -> str:
    try:
        return await namespace.kubectl(*question)
    except CommandFailedError as error:
        return str(error)


def _write(answers: Mapping[str, str], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for file, answer in answers.items():
        (folder / file).write_text(answer)
