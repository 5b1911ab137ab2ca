"""Traces as they are read with `curl`."""

from collections.abc import Iterator

import httpx
import pytest
from opentelemetry.trace import SpanKind

from devkit.tracing.receiver import Receiver, receiving_spans
from devkit.tracing.span import Span

ORDER = {"saga.subject": "order-1", "saga.id": "saga-1"}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving_spans() as receiver:
        yield receiver


def span(trace_id: str, name: str, **attributes: str) -> Span:
    return Span(
        trace_id=trace_id,
        span_id=name,
        parent_id=None,
        service="order-service",
        name=name,
        kind=SpanKind.INTERNAL,
        start_ns=0,
        end_ns=1,
        attributes=attributes,
    )


def read(receiver: Receiver, path: str) -> httpx.Response:
    return httpx.get(receiver.endpoint + path, trust_env=False, timeout=60)


def test_the_newest_traces_are_listed_first(receiver: Receiver) -> None:
    assert read(receiver, "/traces").text == "no spans have arrived yet\n"

    receiver.spans.add([span("t1", "POST /orders"), span("t2", "POST /orders/{id}/cancellation")])

    assert read(receiver, "/traces").text.splitlines() == [
        "t2     1 spans  POST /orders/{id}/cancellation",
        "t1     1 spans  POST /orders",
    ]


@pytest.mark.parametrize("wanted", ["t1", "order-1", "saga-1"])
def test_a_trace_is_drawn_by_its_id_and_by_what_it_is_about(
    receiver: Receiver, wanted: str
) -> None:
    receiver.spans.add([span("t1", "saga CreateOrder", **ORDER), span("t2", "GET /orders")])

    page = read(receiver, f"/traces/{wanted}")

    assert page.status_code == 200
    assert page.text.startswith("trace t1\n")
    assert "saga CreateOrder" in page.text
    assert "GET /orders" not in page.text


def test_all_traces_about_an_order_are_drawn(receiver: Receiver) -> None:
    receiver.spans.add(
        [span("t1", "saga CreateOrder", **ORDER), span("t2", "saga CancelOrder", **ORDER)]
    )

    page = read(receiver, "/traces/order-1")

    assert page.text.count("trace t") == 2


def test_what_is_not_there_is_said(receiver: Receiver) -> None:
    page = read(receiver, "/traces/order-9")

    assert page.status_code == 404
    assert "order-9" in page.text
