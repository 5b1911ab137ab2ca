"""Spans of requests that a service answers and makes."""

from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.trace import SpanKind

from chassis.telemetry.http import REQUEST_SPANS, trace_http_clients
from chassis.testing.spans import ExportedSpans
from devkit.tracing.receiver import receiving_spans

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"


async def test_a_request_has_one_span_named_after_its_route_in_the_trace_of_its_caller(
    spans: ExportedSpans,
) -> None:
    app = FastAPI(telemetry={**REQUEST_SPANS, "tracer_provider": spans.provider})

    @app.get("/orders/{order_id}")
    async def show(order_id: str) -> str:
        return order_id

    @app.get("/readyz")
    async def ready() -> str:
        return "ready"

    headers = {"traceparent": f"00-{TRACE_ID}-b7ad6b7169203331-01"}
    async with AsyncClient(transport=ASGITransport(app), base_url="http://order-service") as client:
        await client.get("/readyz")
        await client.get("/orders/7", headers=headers)

    [span] = spans.all
    assert (span.name, span.kind) == ("GET /orders/{order_id}", SpanKind.SERVER)
    assert f"{span.context.trace_id:032x}" == TRACE_ID
    assert span.attributes["http.response.status_code"] == 200


@pytest.fixture
def traced_clients(spans: ExportedSpans) -> Iterator[ExportedSpans]:
    trace_http_clients()
    yield spans
    HTTPXClientInstrumentor().uninstrument()


def test_a_request_that_is_made_has_a_span_and_passes_the_trace_on(
    traced_clients: ExportedSpans,
) -> None:
    sent: list[httpx.Request] = []
    with (
        receiving_spans() as somebody,
        traced_clients.tracing.tracer.start_as_current_span("request") as request,
        httpx.Client(
            event_hooks={"response": [lambda answer: sent.append(answer.request)]}
        ) as client,
    ):
        client.get(somebody.endpoint)

    [span] = [span for span in traced_clients.all if span.kind is SpanKind.CLIENT]
    assert span.parent.span_id == request.get_span_context().span_id
    assert f"{span.context.span_id:016x}" in sent[0].headers["traceparent"]
