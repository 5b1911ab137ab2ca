"""Answers that are given on the command line, held to the questions of `copier.yml`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from devkit.new_service.errors import NewServiceError
from devkit.new_service.released_events import chosen

QUESTIONS: Final = Path("copier.yml")
_CONSUMES: Final = "consumes"


def given_answers(root: Path, data: Sequence[str]) -> dict[str, Any]:
    """From `question=answer` each; several events are separated by commas.

    Raises NewServiceError for a question that nobody asks, and for an event that nobody publishes.
    """
    answers: dict[str, Any] = dict(_pair(one) for one in data)
    asked = questions(root)
    unknown = sorted(answers.keys() - set(asked))
    if unknown:
        raise NewServiceError(
            f"nobody asks for {', '.join(unknown)}; questions are {', '.join(asked)}"
        )
    if _CONSUMES in answers:
        answers[_CONSUMES] = [one.strip() for one in answers[_CONSUMES].split(",") if one.strip()]
        chosen(root, answers[_CONSUMES])
    return answers


def questions(root: Path) -> list[str]:
    """The questions that people are asked, but for the name."""
    declared = yaml.safe_load((root / QUESTIONS).read_text())
    return [
        name
        for name, one in declared.items()
        if isinstance(one, dict) and "type" in one and one.get("when") is not False
        if one.get("ask") is not False and name != "service"
    ]


def _pair(text: str) -> tuple[str, str]:
    question, equals, answer = text.partition("=")
    if not equals:
        raise NewServiceError(f"'{text}' is no answer: write question=answer")
    return question, answer
