"""Jaeger's query API, from an answer in the form that its API v3 documents."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from opentelemetry.trace import SpanKind, StatusCode

from devkit.http_client import ApiClient, ApiError
from devkit.tracing.jaeger import JaegerClient
from devkit.tracing.otlp import InvalidSpansError
from devkit.tracing.span import Link, Span

ANSWER = Path(__file__).with_name("jaeger_answer.json").read_text()
TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
SINCE = datetime(2026, 11, 24, tzinfo=UTC)

Answering = Callable[[httpx.Request], httpx.Response]


def jaeger(answering: Answering) -> JaegerClient:
    http = httpx.AsyncClient(transport=httpx.MockTransport(answering))
    return JaegerClient(ApiClient(http, "http://jaeger:16686", patience=0))


def found(_request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, text=ANSWER)


async def test_a_trace_is_found_even_where_jaeger_does_not_look_at_the_attributes() -> None:
    traces = await jaeger(found).traces("customer-service", {"saga.id": "saga-1"}, since=SINCE)

    (trace,) = traces
    assert trace.trace_id == TRACE_ID
    assert trace.services == ["order-service", "customer-service"]
    assert trace.is_complete


async def test_spans_of_jaeger_are_as_those_that_are_received() -> None:
    trace = await jaeger(found).whole_trace("order-service", {"saga.id": "saga-1"}, since=SINCE)

    process = trace.spans[1]
    assert process == Span(
        trace_id=TRACE_ID,
        span_id="f0f067aa0ba902b9",
        parent_id="00f067aa0ba902b8",
        service="customer-service",
        name="process customer.commands",
        kind=SpanKind.CONSUMER,
        start_ns=1764000000011000000,
        end_ns=1764000000016000000,
        status=StatusCode.ERROR,
        status_message="CREDIT_LIMIT_EXCEEDED",
        attributes={"saga.id": "saga-1", "messaging.nats.delivery_count": 1},
        links=(Link(trace_id=TRACE_ID, span_id="00f067aa0ba902b8"),),
    )


async def test_jaeger_is_asked_in_the_form_that_it_documents() -> None:
    asked: list[httpx.Request] = []

    def answering(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return found(request)

    await jaeger(answering).traces(
        "order-service", {"saga.id": "saga-1", "saga.attempt": 1}, since=SINCE
    )
    await jaeger(answering).trace(TRACE_ID)

    search, by_id = (request.url for request in asked)
    assert search.path == "/api/v3/traces"
    assert search.params["query.service_name"] == "order-service"
    assert search.params["query.start_time_min"] == "2026-11-24T00:00:00+00:00"
    assert json.loads(search.params["query.attributes"]) == {
        "saga.id": "saga-1",
        "saga.attempt": "1",
    }
    assert by_id.path == f"/api/v3/traces/{TRACE_ID}"


async def test_no_trace_is_no_error() -> None:
    nothing = {"error": {"httpCode": 404, "message": "No traces found"}}
    client = jaeger(lambda _request: httpx.Response(404, json=nothing))

    assert await client.trace(TRACE_ID) is None
    assert await client.traces("order-service", {}, since=SINCE) == []


async def test_what_jaeger_refuses_is_told() -> None:
    client = jaeger(lambda _request: httpx.Response(400, text="malformed parameter trace_id"))

    with pytest.raises(ApiError, match="malformed parameter trace_id"):
        await client.trace("x")


@pytest.mark.parametrize(
    "answer",
    [
        {"data": []},
        {"result": {"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "not hex"}]}]}]}},
        {"result": {"resourceSpans": [{"scopeSpans": [{"spans": "none"}]}]}},
    ],
)
async def test_an_answer_that_is_no_trace_is_told(answer: object) -> None:
    client = jaeger(lambda _request: httpx.Response(200, json=answer))

    with pytest.raises(InvalidSpansError):
        await client.trace(TRACE_ID)
