"""Everything that traces, for a process that does."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from opentelemetry.context import attach, detach, get_current
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.trace import Tracer, get_current_span

from chassis.telemetry.conventions import SCOPE
from chassis.telemetry.messages import MessageSpans, linked_to
from chassis.telemetry.propagation import carrier_of, context_of
from chassis.telemetry.recorder import Recorder, parent_of
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

    def keep(self) -> str | None:
        """The current context as text, if there is a current span."""
        context = get_current()
        if parent_of(context) is None:
            return None
        return json.dumps(carrier_of(context))

    @contextmanager
    def resumed(self, kept: str) -> Iterator[None]:
        """Let what is done in this block belong to a context that was kept."""
        token = attach(context_of(json.loads(kept)))
        try:
            yield
        finally:
            detach(token)

    @contextmanager
    def answering(self, kept: str) -> Iterator[None]:
        """The same; the current span and what is created in the block link to each other."""
        answered = context_of(json.loads(kept))
        giving = get_current_span()
        if (question := parent_of(answered)) is not None:
            giving.add_link(question)
        token = attach(linked_to(giving.get_span_context(), answered))
        try:
            yield
        finally:
            detach(token)

    def export(self, span: ReadableSpan) -> None:
        """Export a span that was kept back."""
        self._processor.on_end(span)
