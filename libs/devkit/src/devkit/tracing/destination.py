"""Where the spans of a run go: to this process, unless its user leads them elsewhere."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from chassis.telemetry.switch import tracing_switch
from devkit.tracing.receiver import receiving_spans
from devkit.tracing.store import SpanStore

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
_TRACES_ENDPOINT = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
_DELAY = {"OTEL_BSP_SCHEDULE_DELAY": "500"}  # a person who looks at a trace waits for it


@dataclass(frozen=True, kw_only=True, slots=True)
class SpanDestination:
    """``environment`` leads a process's spans there, in addition to what it inherits.

    ``spans`` are those that were received here; None where they go elsewhere or nowhere, and
    ``told`` says which, or where traces can be read.
    """

    told: str
    environment: Mapping[str, str] = field(default_factory=dict)
    spans: SpanStore | None = None


@contextmanager
def span_destination(environment: Mapping[str, str], *, port: int = 0) -> Iterator[SpanDestination]:
    """A receiver on ``port`` (0: any) until the end of the context, where nothing else is chosen.

    ``environment`` is what the processes of the run inherit: with an endpoint of the user's own, or
    with tracing switched off, nothing is received.
    """
    if tracing_switch(environment).on:
        endpoint = environment.get(_TRACES_ENDPOINT) or environment[ENDPOINT]
        yield SpanDestination(told=f"spans go to {endpoint}")
        return
    without_endpoint = tracing_switch({**environment, ENDPOINT: "http://"})
    if not without_endpoint.on:
        yield SpanDestination(told=f"nothing is traced: {without_endpoint.reason}")
        return
    with receiving_spans(port=port) as receiver:
        yield SpanDestination(
            told=f"{receiver.endpoint}/traces/<order id>",
            environment={ENDPOINT: receiver.endpoint, **_DELAY},
            spans=receiver.spans,
        )
