"""A span for each statement below another span, by OpenTelemetry's asyncpg instrumentation."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry.instrumentation.asyncpg import AsyncPGInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import INVALID_SPAN, Span, Tracer, get_current_span
from opentelemetry.trace import TracerProvider as AnyTracerProvider


def trace_statements(provider: TracerProvider) -> None:
    instrumentor = AsyncPGInstrumentor()  # type: ignore[no-untyped-call]
    instrumentor.instrument(tracer_provider=_ChildrenOnlyProvider(provider))


class _ChildrenOnlyProvider(AnyTracerProvider):
    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider

    def get_tracer(self, *args: Any, **kwargs: Any) -> Tracer:
        return _ChildrenOnly(self._provider.get_tracer(*args, **kwargs))


class _ChildrenOnly(Tracer):
    """Makes no roots: the statements that a whole batch shares, and of leases and timers, are no
    traces of their own.
    """

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def start_span(self, *args: Any, **kwargs: Any) -> Span:
        if not get_current_span().get_span_context().is_valid:
            return INVALID_SPAN
        return self._tracer.start_span(*args, **kwargs)

    @contextmanager
    def start_as_current_span(  # type: ignore[override]  # the SDK's also serves as a decorator
        self, *args: Any, **kwargs: Any
    ) -> Iterator[Span]:
        if not get_current_span().get_span_context().is_valid:
            yield INVALID_SPAN
            return
        with self._tracer.start_as_current_span(*args, **kwargs) as span:
            yield span
