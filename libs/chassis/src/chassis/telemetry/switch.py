"""Whether a process traces, read from OpenTelemetry's own variables."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS: Final = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_SPOKEN: Final = "http/protobuf"


@dataclass(frozen=True, slots=True)
class Switch:
    """On or off, and the reason as it is told at the start."""

    on: bool
    reason: str

    def __str__(self) -> str:
        return f"{'on' if self.on else 'off'}: {self.reason}"


def tracing_switch(environment: Mapping[str, str]) -> Switch:
    """On where an endpoint to export to is set and nothing speaks against it."""
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return Switch(on=False, reason="OTEL_SDK_DISABLED is true")
    if environment.get("OTEL_TRACES_EXPORTER", "otlp").strip().lower() == "none":
        return Switch(on=False, reason="OTEL_TRACES_EXPORTER is none")
    endpoint = _first(environment, _ENDPOINTS)
    if endpoint is None:
        return Switch(on=False, reason="OTEL_EXPORTER_OTLP_ENDPOINT is not set")
    protocol = _first(environment, _PROTOCOLS) or _SPOKEN
    if protocol != _SPOKEN:
        return Switch(on=False, reason=f"{protocol} is not spoken here, only {_SPOKEN}")
    return Switch(on=True, reason="exported by OTLP")


def _first(environment: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next((environment[name] for name in names if environment.get(name)), None)
