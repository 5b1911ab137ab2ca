"""The SDK, set up: who we are, where spans go, and how long they may take."""

import contextlib
import os
import threading
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import (
    SERVICE_NAME,
    SERVICE_VERSION,
    OTELResourceDetector,
    Resource,
)
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult

from chassis.telemetry.wire import encode_request

SHUTDOWN_SECONDS: Final = 5.0
EXPORT_SECONDS: Final = 2.0
"""A collector that is away must not hold up a shutdown; OTEL_EXPORTER_OTLP_TIMEOUT overrides it."""


class _Exporter(OTLPSpanExporter):
    """The library's, with its endpoint, headers, retries and time-outs, and an encoder of ours."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        sent = self._client.export(encode_request(spans))
        return SpanExportResult.SUCCESS if sent.success else SpanExportResult.FAILURE


def new_provider(service: str, processor: SpanProcessor) -> TracerProvider:
    """A provider whose spans go to the processor, and which says who sends them."""
    provider = TracerProvider(resource=_resource(service), shutdown_on_exit=False)
    provider.add_span_processor(processor)
    return provider


def otlp(environment: Mapping[str, str] = os.environ) -> SpanProcessor:
    """Batches, over HTTP, to where the standard variables say."""
    return BatchSpanProcessor(_Exporter(timeout=_timeout(environment)))


def shut_down(provider: TracerProvider) -> None:
    """Export what is left, for SHUTDOWN_SECONDS at the longest; the SDK would wait for longer."""
    last = threading.Thread(target=provider.shutdown, name="last spans", daemon=True)
    last.start()
    last.join(SHUTDOWN_SECONDS)


def _timeout(environment: Mapping[str, str]) -> float:
    for name in ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"):
        if environment.get(name):
            return float(environment[name])
    return EXPORT_SECONDS


def _resource(service: str) -> Resource:
    ours: dict[str, str] = {SERVICE_NAME: service}
    with contextlib.suppress(PackageNotFoundError):
        ours[SERVICE_VERSION] = version(service.removesuffix("-relay"))
    return Resource.create(ours).merge(OTELResourceDetector().detect())
