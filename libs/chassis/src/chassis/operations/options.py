"""Options that several of the operators' commands take."""

import getpass
import os
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import typer

_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def _told(value: str) -> str:
    if not value.strip():
        raise typer.BadParameter("say it in a few words: it is kept in the audit")
    return value.strip()


def needed(reason: str | None) -> str:
    """The reason, without which nothing is done."""
    if reason is None:
        raise typer.BadParameter("say why: it is kept in the audit", param_hint="'--reason'")
    return reason


def current_user() -> str:
    """Who runs the command, as far as the operating system knows."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # in a container nobody may have given the user a name
        return f"uid {os.getuid()}"


def an_age(text: str) -> timedelta:
    """Reads `90s`, `15m`, `2h` or `7d`."""
    number, unit = text[:-1], text[-1:]
    if unit not in _UNITS or not number.isascii() or not number.isdigit():
        raise typer.BadParameter(f"'{text}' is no age: write it as 90s, 15m, 2h or 7d")
    try:
        return timedelta(**{_UNITS[unit]: int(number)})
    except OverflowError:
        raise typer.BadParameter(f"'{text}' is longer than anything has been going on") from None


def ago(text: str) -> datetime:
    """The moment that long ago."""
    try:
        return datetime.now(UTC) - an_age(text)
    except OverflowError:
        raise typer.BadParameter(f"'{text}' is longer than anything has been going on") from None


AsJson = Annotated[bool, typer.Option("--json", help="Print one line of JSON on standard output.")]
Limit = Annotated[int, typer.Option(min=1, max=10_000, help="How many at the most.")]
Reason = Annotated[
    str, typer.Option(help="Why; it is kept in the audit.", callback=_told, show_default=False)
]
ReasonToAct = Annotated[
    str | None,
    typer.Option(
        "--reason",
        help="Why; it is kept in the audit. Needed, but for --dry-run.",
        callback=lambda value: None if value is None else _told(value),
        show_default=False,
    ),
]
By = Annotated[
    str,
    typer.Option(
        help="Who does it; it is kept in the audit.",
        callback=_told,
        default_factory=current_user,
        show_default="the user of the operating system",
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and stop.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]
