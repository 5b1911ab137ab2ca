"""Alembic migrations: the chassis's own branch beside each service's, in one database.

A service keeps only `<package>/migrations/versions/` and `<package>.persistence.tables:METADATA`,
or neither where it has no tables of its own; environment, template and the chassis's tables come
from here. The two branches have a head each, so a chassis upgrade and a service's change never wait
for one another.
"""

from collections.abc import Set as AbstractSet
from importlib import import_module
from importlib.resources import files
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData

from chassis.persistence.database import driver_url
from chassis.persistence.tables import METADATA as CHASSIS_METADATA

CHASSIS_ONLY = "chassis"
"""The package to name for a database that has the chassis's tables and no migrations of its own."""


def upgrade(package: str, database_url: str) -> None:
    """Bring a service's database to the newest revision; safe to run from several pods at once."""
    command.upgrade(configuration(package, database_url), "heads")


def missing_revisions(package: str, applied: AbstractSet[str]) -> AbstractSet[str]:
    """Newest revisions of this version that a database lacks.

    A database that is ahead has all of them: each one that is missing was followed by another,
    which this version has never heard of.
    """
    scripts = ScriptDirectory.from_config(_scripts(package))
    missing = set(scripts.get_heads()) - applied
    unheard_of = applied - {script.revision for script in scripts.walk_revisions()}
    return missing if len(missing) > len(unheard_of) else set()


def metadata_of(package: str) -> list[MetaData]:
    """What the migrated database must be equal to."""
    if not _versions(package).is_dir():
        return [CHASSIS_METADATA]
    own: MetaData = import_module(f"{package}.persistence.tables").METADATA
    return [CHASSIS_METADATA, own]


def configuration(package: str, database_url: str) -> Config:
    """Alembic's configuration for one service."""
    config = _scripts(package)
    config.attributes["database_url"] = driver_url(database_url)
    config.attributes["metadata"] = metadata_of(package)
    return config


def _scripts(package: str) -> Config:
    here = Path(str(files(__name__)))
    locations = [here / "versions", _versions(package)]
    config = Config()
    config.set_main_option("script_location", str(here))
    config.set_main_option("path_separator", "newline")
    there = [str(location) for location in locations if location.is_dir()]
    config.set_main_option("version_locations", "\n".join(there))
    return config


def _versions(package: str) -> Path:
    return Path(str(files(package))) / "migrations" / "versions"
