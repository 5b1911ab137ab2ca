"""The options that say which dead letters a command is about."""

from datetime import datetime
from typing import Annotated

import typer

from chassis.operations.letters import LetterFilter
from chassis.operations.options import ago


def which_letters(
    *,
    ids: Annotated[list[int] | None, typer.Argument(help="Ids; or choose by the options.")] = None,
    group: Annotated[
        str | None, typer.Option(help="Only this group, as `groups` shows it.")
    ] = None,
    consumer: Annotated[str | None, typer.Option(help="Only of this consumer.")] = None,
    wire_type: Annotated[str | None, typer.Option("--type", help="Only of this wire type.")] = None,
    key: Annotated[str | None, typer.Option(help="Only of this key.")] = None,
    containing: Annotated[
        str | None, typer.Option(help="Only those whose error contains this text.")
    ] = None,
    older_than: Annotated[
        datetime | None,
        typer.Option("--older-than", parser=ago, metavar="AGE", help="Such as 90s, 15m, 2h or 7d."),
    ] = None,
    newer_than: Annotated[
        datetime | None,
        typer.Option("--newer-than", parser=ago, metavar="AGE", help="Such as 90s, 15m, 2h or 7d."),
    ] = None,
) -> LetterFilter:
    """The filter that the options make."""
    return LetterFilter(
        ids=tuple(ids or ()),
        group=group,
        consumer=consumer,
        wire_type=wire_type,
        key=key,
        containing=containing,
        died_before=older_than,
        died_after=newer_than,
    )
