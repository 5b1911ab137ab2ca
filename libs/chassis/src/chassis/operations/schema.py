"""`chassis migrate` and `chassis wait-for-schema`: a service's tables, and waiting for them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Final

import asyncpg
import typer
from rich.console import Console

from chassis.operations.patience import Patience, patiently
from chassis.persistence.migrations import missing_revisions, upgrade
from chassis.settings import read_setting

console = Console(stderr=True, highlight=False)

Package = Annotated[str, typer.Argument(help="Import name of a service, such as order_service.")]

_APPLIED: Final = "SELECT version_num FROM alembic_version"


class SchemaBehindError(Exception):
    """The database lacks revisions that this version of the service needs."""


_PASSING: Final = (OSError, asyncpg.PostgresError, SchemaBehindError)


def migrate(package: Package, *, patience: Patience = 0) -> None:
    """Bring a service's database (DATABASE_URL) to its newest revision."""
    url = read_setting("DATABASE_URL")
    _wait(lambda: _connect(url), patience)
    console.print(f"Migrating the database of {package} …")
    upgrade(package, url)
    console.print("[green]The database is at its newest revision.[/]")


def wait_for_schema(package: Package, *, patience: Patience = 0) -> None:
    """Wait until a service's database (DATABASE_URL) is at this version's revision, or ahead."""
    url = read_setting("DATABASE_URL")
    _wait(lambda: _check_schema(package, url), patience)
    console.print(f"[green]The database has the schema of {package}.[/]")


def _wait(attempt: Callable[[], Awaitable[None]], patience: float) -> None:
    try:
        asyncio.run(patiently(attempt, patience=patience, passing=_PASSING))
    except _PASSING as error:
        console.print(f"[red]{error or repr(error)}[/]")
        raise typer.Exit(1) from error


async def _connect(url: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.close()


async def _check_schema(package: str, url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        applied = {row["version_num"] for row in await connection.fetch(_APPLIED)}
    finally:
        await connection.close()
    if missing := missing_revisions(package, applied):
        raise SchemaBehindError(
            f"the database lacks {', '.join(sorted(missing))}; run `chassis migrate {package}`"
        )
