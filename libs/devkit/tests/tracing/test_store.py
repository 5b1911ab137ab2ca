"""What can be asked about spans that were received."""

import pytest
from opentelemetry.trace import SpanKind

from devkit.tracing.span import Link, Span
from devkit.tracing.store import SpanStore


def span(name: str, *, trace: str = "t1", of: str | None = None, **more: object) -> Span:
    """A span whose id is its name; ``of`` names its parent."""
    given: dict[str, object] = {
        "service": "order-service",
        "kind": SpanKind.INTERNAL,
        "start_ns": 0,
        "end_ns": 0,
    }
    return Span(trace_id=trace, span_id=name, parent_id=of, name=name, **(given | more))


ROOT = span("POST /orders")
CREATE = span("create customer.commands", of="POST /orders", start_ns=1)
PROCESS = span(
    "process customer.commands",
    of="create customer.commands",
    service="customer-service",
    start_ns=2,
    attributes={"messaging.message.conversation_id": "saga-1"},
    links=(Link(trace_id="t1", span_id="create customer.commands"),),
)


def store_of(*spans: Span, limit: int = 100) -> SpanStore:
    store = SpanStore(limit)
    store.add(spans)
    return store


def test_a_trace_is_found_by_attributes_of_one_of_its_spans() -> None:
    store = store_of(PROCESS, CREATE, ROOT, span("other", trace="t2"))

    (found,) = store.traces({"messaging.message.conversation_id": "saga-1"})

    assert found.spans == (ROOT, CREATE, PROCESS)
    assert store.traces({"messaging.message.conversation_id": "saga-2"}) == []


def test_all_attributes_must_be_on_the_same_span() -> None:
    store = store_of(span("a", attributes={"x": 1}), span("b", attributes={"y": 2}))

    assert store.traces({"x": 1, "y": 2}) == []


def test_services_come_in_the_order_in_which_they_came_in() -> None:
    trace = store_of(PROCESS, CREATE, ROOT).trace("t1")

    assert trace is not None
    assert trace.services == ["order-service", "customer-service"]


def test_edges_lead_from_parents_to_children() -> None:
    trace = store_of(ROOT, CREATE, PROCESS).trace("t1")

    assert trace is not None
    assert trace.edges == {
        (("order-service", "POST /orders"), ("order-service", "create customer.commands")),
        (
            ("order-service", "create customer.commands"),
            ("customer-service", "process customer.commands"),
        ),
    }


def test_links_lead_to_whoever_links() -> None:
    trace = store_of(ROOT, CREATE, PROCESS).trace("t1")

    assert trace is not None
    assert trace.links == {
        (
            ("order-service", "create customer.commands"),
            ("customer-service", "process customer.commands"),
        )
    }


def test_a_relay_that_publishes_for_many_traces_is_found_from_each() -> None:
    batch = span(
        "publish",
        trace="t9",
        links=(
            Link(trace_id="t1", span_id="create customer.commands"),
            Link(trace_id="t2", span_id="other"),
        ),
    )
    store = store_of(ROOT, CREATE, PROCESS, batch)
    trace = store.trace("t1")

    assert trace is not None
    assert store.linking_to(trace) == [batch]


def test_a_trace_is_whole_once_every_parent_is_there() -> None:
    conversation = {"messaging.message.conversation_id": "saga-1"}
    store = store_of(PROCESS)
    with pytest.raises(AssertionError, match="root of trace t1 has not arrived"):
        store.whole_trace(conversation)

    store.add([ROOT])
    with pytest.raises(AssertionError, match=r"parents of .*process customer.commands"):
        store.whole_trace(conversation)

    store.add([CREATE])
    assert store.whole_trace(conversation).is_complete


def test_spans_without_a_root_are_no_complete_trace() -> None:
    trace = store_of(span("a", of="b"), span("b", of="a")).trace("t1")

    assert trace is not None
    assert not trace.is_complete


def test_that_nothing_has_arrived_is_said() -> None:
    with pytest.raises(AssertionError, match="0 traces have a span with"):
        store_of().whole_trace({"saga.id": "saga-1"})


def test_a_span_that_is_sent_again_is_kept_once() -> None:
    store = store_of(ROOT, ROOT)

    assert len(store) == 1


def test_where_there_is_no_room_the_trace_that_came_first_goes_as_a_whole() -> None:
    store = store_of(
        span("a", trace="t1"),
        span("b", trace="t2"),
        span("c", trace="t1", of="a"),
        span("d", trace="t3"),
        limit=3,
    )

    assert store.trace("t1") is None
    assert store.trace("t2") is not None
    assert len(store) == 2


def test_a_trace_that_alone_is_too_large_does_not_stay_either() -> None:
    store = store_of(*(span(str(number)) for number in range(10)), limit=3)

    assert len(store) <= 3
