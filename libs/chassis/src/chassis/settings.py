"""A service's settings: the one place that reads the environment.

Each value may come as `<NAME>_FILE`, the path of a file that holds it, so that a secret is neither
an argument nor an environment variable.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)


class SettingsError(ValueError):
    """A setting is missing or points to a file that cannot be read."""


class FileValues(PydanticBaseSettingsSource):
    """Reads `<NAME>_FILE`."""

    def __init__(self, settings: type[BaseSettings], environment: Mapping[str, str]) -> None:
        super().__init__(settings)
        self._environment = environment

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002 - pydantic-settings calls it so
        path = self._environment.get(f"{field_name.upper()}_FILE")
        if path is None:
            return None, field_name, False
        return _read_file(field_name.upper(), path), field_name, False

    def __call__(self) -> dict[str, Any]:
        values = {
            name: self.get_field_value(field, name)[0]
            for name, field in self.settings_cls.model_fields.items()
        }
        return {name: value for name, value in values.items() if value is not None}


class HttpSettings(BaseSettings):
    """What a service without database and messaging needs to know of its surroundings."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)

    http_host: str = "127.0.0.1"
    """Where HTTP is served; `0.0.0.0` in a pod."""
    http_port: int = 8080
    """Where HTTP is served, with `/livez`, `/readyz` and `/metrics`."""
    log_level: str = "INFO"
    """DEBUG, INFO, WARNING or ERROR."""
    max_body_bytes: int = 1024 * 1024
    """A request with a larger body is answered 413."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - no dotenv files in production
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - `FileValues` stands for it
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, FileValues(settings_cls, os.environ), env_settings


class ServiceSettings(HttpSettings):
    """What a service with database and messaging needs to know of its surroundings."""

    database_url: SecretStr
    """`postgresql://user:password@host:port/database` of the service's own database."""
    nats_url: SecretStr
    """`nats://user:password@host:port` of the service's own user."""
    relay_poke_port: int | None = Field(default=None, gt=0, le=65535)
    """UDP port on which this service's relay listens; without it the relay only polls."""
    trace_database: bool = False
    """A span for each statement, where tracing is on: half a millisecond of CPU a transaction."""
    trace_link_after_seconds: float = Field(default=600, gt=0)
    """Age from which a message is processed in a trace of its own, linked to its first one."""
    saga_versions_required: bool = True
    """Not ready while sagas are in flight on an older version that is not loaded any more."""
    consistency_wait_seconds: float = Field(default=3, gt=0, le=10)
    """How long a query waits at most for the writes that its consistency token names."""
    admin_port: int | None = Field(default=None, gt=0, le=65535)
    """Where the admin API listens, on `http_host`; without it there is none."""
    admin_token: SecretStr | None = None
    """The operators' token, at least 16 characters; from a file, by `ADMIN_TOKEN_FILE`."""
    admin_reader_token: SecretStr | None = None
    """A token that looks and does not act, if one is wanted; `ADMIN_READER_TOKEN_FILE`."""
    inbox_retention_days: float = Field(default=14, gt=0)
    """How long it is remembered which messages were handled; longer than streams keep events."""
    saga_retention_days: float = Field(default=90, gt=0)
    """How long sagas are kept from their end on, and steps that were done for others' sagas."""
    idempotency_retention_days: float = Field(default=7, gt=0)
    """How late a request may be repeated and is still answered as before."""


def read_setting(name: str) -> str:
    """One value for a command, from `<NAME>` or the file that `<NAME>_FILE` names.

    Raises SettingsError when neither is there.
    """
    path = os.environ.get(f"{name}_FILE")
    if path is not None:
        return _read_file(name, path)
    if name in os.environ:
        return os.environ[name]
    raise SettingsError(f"set {name}, or {name}_FILE to the path of a file that holds it")


def _read_file(name: str, path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError as error:
        raise SettingsError(
            f"{name}_FILE names {path}, which cannot be read: {error.strerror}"
        ) from error
