"""What the relay is told by its environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

VARIABLES: Final = {
    "SERVICE_NAME": "The service whose outbox this is, such as `order-service`.",
    "DATABASE_URL": "The service's database, as the role of its relay.",
    "NATS_URL": "NATS, as the user of the service's relay.",
    "RELAY_POKE_PORT": "UDP port of the loopback interface on which commits are announced. "
    "Without it the relay only polls.",
    "HTTP_HOST": "Where metrics and health are served: 127.0.0.1 unless told.",
    "RELAY_METRICS_PORT": "Port of `/metrics` and `/livez`. Without it there are none.",
    "LOG_LEVEL": "DEBUG, INFO, WARNING or ERROR; INFO unless told.",
}
"""What the environment may tell a relay; each may come as `<NAME>_FILE` too."""


class SettingsError(ValueError):
    """The environment lacks a variable or holds a bad one; the message names it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RelaySettings:
    """`poke_port` and `metrics_port`: None switches that door off."""

    service_name: str
    database_url: str
    nats_url: str
    poke_port: int | None = None
    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = None
    log_level: str = "INFO"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read the variables; each may come as `<NAME>_FILE`, the path of a file with the value.

        Raises SettingsError.
        """
        return cls(
            service_name=_required(environment, "SERVICE_NAME"),
            database_url=_required(environment, "DATABASE_URL"),
            nats_url=_required(environment, "NATS_URL"),
            poke_port=_port(environment, "RELAY_POKE_PORT"),
            metrics_host=_value(environment, "HTTP_HOST") or "127.0.0.1",
            metrics_port=_port(environment, "RELAY_METRICS_PORT"),
            log_level=(_value(environment, "LOG_LEVEL") or "INFO").upper(),
        )


def _required(environment: Mapping[str, str], name: str) -> str:
    value = _value(environment, name)
    if value is None:
        raise SettingsError(f"set {name}, or {name}_FILE to the path of a file that holds it")
    return value


def _port(environment: Mapping[str, str], name: str) -> int | None:
    value = _value(environment, name)
    if value is None:
        return None
    if not value.isdecimal() or int(value) not in range(1, 2**16):
        raise SettingsError(f"{name} is {value!r}: set it to a port number or leave it out")
    return int(value)


def _value(environment: Mapping[str, str], name: str) -> str | None:
    path = environment.get(f"{name}_FILE")
    if path is None:
        return environment.get(name) or None
    try:
        return Path(path).read_text().strip() or None
    except OSError as error:
        raise SettingsError(f"{name}_FILE cannot be read: {error}") from error
