"""Pieces of Markdown."""

import inspect
from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table, or nothing where it has no rows."""
    lines = [_row(row) for row in rows]
    return "\n".join([_row(head), _row(["---"] * len(head)), *lines]) if lines else ""


def section(title: str, *parts: str, level: int = 2) -> str:
    """A section, or nothing where all its parts are empty."""
    told = [part for part in parts if part]
    return "\n\n".join([f"{'#' * level} {title}", *told]) if told else ""


def code(text: object) -> str:
    return f"`{text}`"


def bullets(items: Iterable[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def first_sentence(documentation: str | None) -> str:
    """Of a docstring, on one line."""
    paragraph = inspect.cleandoc(documentation or "").partition("\n\n")[0].replace("\n", " ")
    sentence, stop, _ = paragraph.partition(". ")
    return sentence + stop.strip() if stop else paragraph


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
