"""Everything that traces, for a process that does."""

from datetime import timedelta

from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.trace import Tracer

from chassis.telemetry.conventions import SCOPE
from chassis.telemetry.messages import MessageSpans
from chassis.telemetry.recorder import Recorder
from chassis.telemetry.sagas import SagaSpans

LINK_AFTER = timedelta(minutes=10)
"""An older message is processed in a trace of its own: bounded traces can be read and sampled."""


class Tracing:
    """The spans of a service.

    `processor` is where finished spans go; the provider has it as its only one.
    """

    def __init__(
        self,
        provider: TracerProvider,
        processor: SpanProcessor,
        *,
        link_after: timedelta = LINK_AFTER,
    ) -> None:
        recorder = Recorder(provider, processor)
        self.provider = provider
        self.tracer: Tracer = provider.get_tracer(SCOPE)
        self.messages = MessageSpans(recorder, link_after)
        self.sagas = SagaSpans(recorder)
        self._processor = processor

    def export(self, span: ReadableSpan) -> None:
        """Export a span that was kept back."""
        self._processor.on_end(span)
