"""Alembic migrations: the chassis's own branch beside each service's, in one database.

A service keeps only `<package>/migrations/versions/` and `<package>.persistence.tables:METADATA`;
environment, template and the chassis's tables come from here. The two branches have a head each,
so a chassis upgrade and a service's change never wait for one another.
"""

from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import MetaData

from chassis.persistence.database import driver_url
from chassis.persistence.tables import METADATA as CHASSIS_METADATA

ONE_AT_A_TIME: Final = 0x10_0000_0001
"""The advisory lock of whoever changes a database's schema or its grants."""


def upgrade(package: str, database_url: str) -> None:
    """Bring a service's database to the newest revision; safe to run from several pods at once."""
    command.upgrade(configuration(package, database_url), "heads")


def metadata_of(package: str) -> list[MetaData]:
    """What the migrated database must be equal to."""
    own: MetaData = import_module(f"{package}.persistence.tables").METADATA
    return [CHASSIS_METADATA, own]


def configuration(package: str, database_url: str) -> Config:
    """Alembic's configuration for one service."""
    here = Path(str(files(__name__)))
    own = Path(str(files(package))) / "migrations" / "versions"
    config = Config()
    config.set_main_option("script_location", str(here))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", f"{here / 'versions'}\n{own}")
    config.attributes["database_url"] = driver_url(database_url)
    config.attributes["metadata"] = metadata_of(package)
    return config
