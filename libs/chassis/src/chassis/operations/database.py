"""Operators' commands on a service's database (DATABASE_URL): running them, showing results."""

import asyncio
import json
import re
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NoReturn, TypeVar

import asyncpg
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from chassis.operations.errors import OperatorError
from chassis.operations.limits import limited
from chassis.operations.options import AsJson
from chassis.settings import read_setting

__all__ = ("AsJson", "console", "fail", "fetch", "on_database", "print_json", "show", "shown")

_WIDTH_OF_FILES: Final = 160
console = Console(
    stderr=True, highlight=False, width=None if sys.stderr.isatty() else _WIDTH_OF_FILES
)

T = TypeVar("T")

_CONNECT_SECONDS: Final = 10
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def on_database(work: Callable[[asyncpg.Connection], Awaitable[T]]) -> T:
    """Do it in one transaction; what goes wrong is told without a traceback, and ends with 1."""
    return told(lambda: asyncio.run(_in_transaction(work)))


def told(work: Callable[[], T]) -> T:
    """The result; errors of the database and operators' errors are told, and end with 1."""
    try:
        return work()
    except OperatorError as error:
        fail(str(error))
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError) as error:
        fail(f"The database's schema is older than this command ({error}): run `chassis migrate`.")
    except (asyncpg.QueryCanceledError, asyncpg.LockNotAvailableError) as error:
        fail(f"The database gave the statement up ({error}); nothing was done. Narrow it down.")
    except asyncpg.DataError as error:
        fail(f"A value does not fit: {error}.")
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        fail(
            f"The database cannot be used: {str(error) or type(error).__name__}. See to it that it "
            "runs, and that DATABASE_URL (or DATABASE_URL_FILE) is right."
        )


def fetch(statement: str, *arguments: Any) -> list[dict[str, Any]]:
    """Run one statement in a transaction of its own."""

    async def run(connection: asyncpg.Connection) -> list[dict[str, Any]]:
        return [dict(row) for row in await connection.fetch(statement, *arguments)]

    return on_database(run)


async def connect() -> asyncpg.Connection:
    """A connection to the database of DATABASE_URL; the caller closes it."""
    return await asyncpg.connect(read_setting("DATABASE_URL"), timeout=_CONNECT_SECONDS)


def show(title: str, rows: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    """Rows as a table for people, or as one line for programs."""
    if as_json:
        print_json(list(rows))
        return
    table = Table(title=f"{title}: {len(rows)}")
    for column in rows[0] if rows else ():
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(shown(value) for value in row.values()))
    console.print(table)


def print_json(value: Any) -> None:
    """The one line that a program reads."""
    print(json.dumps(value, default=_encoded))  # noqa: T201


def shown(value: Any) -> Text:
    """A value for a terminal: neither markup nor a control sequence in it has any effect."""
    match value:
        case None:
            return Text("")
        case datetime():
            return Text(value.isoformat(" ", "seconds"))
        case dict() | list():
            return Text(harmless(json.dumps(value, default=_encoded)))
        case _:
            return Text(harmless(str(value)))


def harmless(text: str) -> str:
    """The text with what could steer a terminal written out: what failed may quote anything."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def fail(message: str) -> NoReturn:
    """Tell an error, and end with 1."""
    console.print(Text(harmless(message), style="red"))
    raise typer.Exit(1)


def _encoded(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else str(value)


async def _in_transaction(work: Callable[[asyncpg.Connection], Awaitable[T]]) -> T:
    connection = await connect()
    try:
        async with connection.transaction():
            await limited(connection)
            return await work(connection)
    finally:
        await connection.close()
