"""Where a service's spans pass before they are exported."""

from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor

from chassis.telemetry.attempts import keep_back


class CommittedSpans(SpanProcessor):
    """Hands spans on, except for those of an attempt that may yet be rolled back."""

    def __init__(self, following: SpanProcessor) -> None:
        self._following = following

    def on_end(self, span: ReadableSpan) -> None:
        if not keep_back(span):
            self._following.on_end(span)

    def shutdown(self) -> None:
        self._following.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._following.force_flush(timeout_millis)
