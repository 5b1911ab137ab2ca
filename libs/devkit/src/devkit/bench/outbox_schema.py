"""The chassis's tables in a database that belongs to no service."""

import asyncio
from importlib.resources import files
from pathlib import Path

from alembic import command
from alembic.config import Config

import chassis.persistence.migrations
from chassis.persistence.database import driver_url
from chassis.persistence.tables import METADATA


async def create_outbox(database_url: str) -> None:
    """Migrate an empty database to the chassis's newest revision."""
    await asyncio.to_thread(_upgrade, database_url)  # Alembic's environment runs a loop of its own


def _upgrade(database_url: str) -> None:
    migrations = Path(str(files(chassis.persistence.migrations)))
    config = Config()
    config.set_main_option("script_location", str(migrations))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(migrations / "versions"))
    config.attributes["database_url"] = driver_url(database_url)
    config.attributes["metadata"] = [METADATA]
    command.upgrade(config, "heads")
