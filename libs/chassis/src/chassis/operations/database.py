"""Statements of operators' commands on a service's database (DATABASE_URL)."""

import asyncio
import json
from collections.abc import Sequence
from typing import Annotated, Any

import asyncpg
import typer
from rich.console import Console
from rich.table import Table

from chassis.settings import read_setting

console = Console(stderr=True, highlight=False)

AsJson = Annotated[bool, typer.Option("--json", help="Print one line of JSON on standard output.")]


def fetch(statement: str, *arguments: Any) -> list[dict[str, Any]]:
    """Run one statement in a transaction of its own."""
    return asyncio.run(_fetch(statement, *arguments))


def show(title: str, rows: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    """Rows as a table for people, or as one line for programs."""
    if as_json:
        print(json.dumps(list(rows), default=str))  # noqa: T201 - the one line that a program reads
        return
    table = Table(title=f"{title}: {len(rows)}")
    for column in rows[0] if rows else ():
        table.add_column(column)
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    console.print(table)


async def _fetch(statement: str, *arguments: Any) -> list[dict[str, Any]]:
    connection = await asyncpg.connect(read_setting("DATABASE_URL"))
    try:
        async with connection.transaction():
            return [dict(row) for row in await connection.fetch(statement, *arguments)]
    finally:
        await connection.close()
