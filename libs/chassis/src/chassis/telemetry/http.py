"""Spans of HTTP requests: those that are answered here, and those that are made from here."""

from typing import Final

from fastapi.telemetry import TelemetryConfig

from chassis.telemetry.current import tracing

_SILENT: Final = {"/livez", "/readyz", "/metrics"}

REQUEST_SPANS: Final = TelemetryConfig(
    operation_spans=False,
    metrics=False,
    logs=False,
    auto_configure=False,
    exclude=lambda scope: scope["path"] in _SILENT,
)
"""FastAPI's own telemetry: one SERVER span a request, named after its route, as long as the process
traces. Probes and scrapes get none.
"""


def trace_http_clients() -> None:
    """Trace requests that are made with httpx and pass the context on; for services that do."""
    if (traced := tracing()) is not None:
        from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor  # noqa: PLC0415

        HTTPXClientInstrumentor().instrument(tracer_provider=traced.provider)
