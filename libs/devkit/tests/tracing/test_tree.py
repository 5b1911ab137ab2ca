"""Traces as they are drawn in the terminal: written by hand, milliseconds as they are read."""

import io
from collections.abc import Callable

import pytest
from opentelemetry.trace import SpanKind, StatusCode
from rich.console import Console

from devkit.tracing.outline import outline
from devkit.tracing.span import Span
from devkit.tracing.trace import Trace
from devkit.tracing.tree import TraceTree

RESET = "\x1b[0m"
UNDO = {"saga.direction": "compensation"}


class Written:
    """Spans by hand; each method returns the id of what it has added."""

    def __init__(self) -> None:
        self.spans: list[Span] = []

    def span(
        self,
        parent: str | None,
        service: str,
        name: str,
        at: tuple[float, float],
        kind: SpanKind = SpanKind.INTERNAL,
        **more: object,
    ) -> str:
        start, end = (round(ms * 1_000_000) for ms in at)
        span_id = f"{len(self.spans):016x}"
        self.spans.append(
            Span(
                trace_id="4bf92f3577b34da6a3ce929d0e0e4736",
                span_id=span_id,
                parent_id=parent,
                service=service,
                name=name,
                kind=kind,
                start_ns=start,
                end_ns=end,
                **more,
            )
        )
        return span_id

    def step(self, parent: str, step: str, at: tuple[float, float], **more: object) -> str:
        return self.span(parent, "order-service", f"saga CreateOrder {step}", at, **more)

    def hop(
        self,
        parent: str,
        way: tuple[str, str],
        channel: str,
        at: tuple[float, float, float, float],
        **more: object,
    ) -> str:
        """A message: created, published, then processed from ``at[2]`` to ``at[3]``."""
        sender, receiver = (f"{name}-service" for name in way)
        create = self.span(
            parent, sender, f"create {channel}", (at[0], at[0] + 0.1), SpanKind.PRODUCER
        )
        relay, published = f"{sender}-relay", (at[1], at[1] + 1.5)
        self.span(create, relay, f"publish {channel}", published, SpanKind.CLIENT)
        done = (at[2], at[3])
        return self.span(create, receiver, f"process {channel}", done, SpanKind.CONSUMER, **more)


def approved() -> Trace:
    written = Written()
    root = written.span(None, "order-service", "POST /orders", (0, 9), SpanKind.SERVER)
    written.step(root, "create_order", (2, 2.1))
    step = written.step(root, "reserve_credit", (2.2, 3))
    last = written.hop(step, ("order", "customer"), "customer.commands", (2.5, 8, 11, 16))
    last = written.hop(last, ("customer", "order"), "order.replies", (14, 17, 20, 27))
    step = written.step(last, "approve_order", (22, 23))
    written.hop(step, ("order", "shipping"), "order.events", (22.5, 24, 25.5, 30))
    return Trace.of(written.spans)


def compensated() -> Trace:
    written = Written()
    root = written.span(None, "order-service", "POST /orders", (0, 9), SpanKind.SERVER)
    step = written.step(root, "reserve_stock", (2.2, 3))
    last = written.hop(step, ("order", "inventory"), "inventory.commands", (2.5, 8, 11, 16))
    last = written.hop(last, ("inventory", "order"), "order.replies", (14, 17, 20, 27))
    refused = {"status": StatusCode.ERROR, "status_message": "OUT_OF_STOCK"}
    written.step(last, "reserve_stock", (22, 23), **refused)
    step = written.step(last, "reserve_credit", (23, 24), attributes=UNDO)
    way = ("order", "customer")
    written.hop(step, way, "customer.commands", (23.5, 27, 30, 36), attributes=UNDO)
    return Trace.of(written.spans)


def drawn(trace: Trace, width: int, *, folding: bool = True) -> str:
    """Without the spaces at the ends of lines."""
    console = Console(width=width, file=io.StringIO(), color_system=None, legacy_windows=False)
    with console.capture() as text:
        console.print(TraceTree(trace, folding=folding))
    return "\n".join(line.rstrip() for line in text.get().splitlines()) + "\n"


APPROVED_100 = """\
service          span                              0                                  30 ms  ms
order-service    POST /orders                      ━━━━━━━━━━━━                             9.0
                 ├ saga CreateOrder create_order      ━                                     0.1
                 └ saga CreateOrder reserve_credit    ━                                     0.8
                   create customer.commands           ━       ┄┄                            0.1
customer-service   process customer.commands                      ━━━━━━                    5.0
                   create order.replies                               ━   ┄┄                0.1
order-service      process order.replies                                      ━━━━━━━━━     7.0
                   saga CreateOrder approve_order                               ━━          1.0
                   create order.events                                           ━ ┄┄       0.1
shipping-service   process order.events                                              ━━━━━━ 4.5
"""

APPROVED_80 = """\
service          span                              0                   30 ms  ms
order-service    POST /orders                      ━━━━━━━━                  9.0
                 ├ saga CreateOrder create_order     ━                       0.1
                 └ saga CreateOrder reserve_credit   ━                       0.8
                   create customer.commands          ━    ┄                  0.1
customer-service   process customer.commands                ━━━━             5.0
                   create order.replies                        ━ ┄           0.1
order-service      process order.replies                            ━━━━━    7.0
                   saga CreateOrder approve_order                    ━       1.0
                   create order.events                                ━┄     0.1
shipping-service   process order.events                                 ━━━━ 4.5
"""

COMPENSATED_100 = """\
service           span                                   0                                 36 ms  ms
order-service     POST /orders                           ━━━━━━━━━━                              9.0
                  saga CreateOrder reserve_stock           ━                                     0.8
                  create inventory.commands                 ━     ┄                              0.1
inventory-service process inventory.commands                         ━━━━━                       5.0
                  create order.replies                                  ━  ┄┄                    0.1
order-service     process order.replies                                        ━━━━━━━           7.0
                  ├ saga CreateOrder reserve_stock                               ━               1.0
                  │ ✗ OUT_OF_STOCK
                  └ undo saga CreateOrder reserve_credit                          ━              1.0
                    create customer.commands                                      ━   ┄┄         0.1
customer-service    undo process customer.commands                                       ━━━━━━━ 6.0
"""

COMPENSATED_80 = """\
service           span                                   0             36 ms  ms
order-service     POST /orders                           ━━━━━               9.0
                  saga CreateOrder reserve_stock          ━                  0.8
                  create inventory.commands               ━  ┄               0.1
inventory-service process inventory.commands                   ━━            5.0
                  create order.replies                          ━ ┄          0.1
order-service     process order.replies                             ━━━      7.0
                  ├ saga CreateOrder reserve_stock                   ━       1.0
                  │ ✗ OUT_OF_STOCK
                  └ undo saga CreateOrder reserve_credit             ━       1.0
                    create customer.commands                         ━ ┄     0.1
customer-service    undo process customer.commands                       ━━━ 6.0
"""

UNFOLDED_80 = """\
service                span                                 0          30 ms  ms
order-service          POST /orders                         ━━━━━            9.0
                       ├ saga CreateOrder create_order       ━               0.1
                       └ saga CreateOrder reserve_credit     ━               0.8
                         create customer.commands            ━               0.1
order-service-relay      ├ publish customer.commands            ━            1.5
customer-service         └ process customer.commands              ━━━        5.0
                           create order.replies                    ━         0.1
customer-service-relay     ├ publish order.replies                   ━       1.5
order-service              └ process order.replies                     ━━━   7.0
                             saga CreateOrder approve_order             ━    1.0
                             create order.events                        ━    0.1
order-service-relay          ├ publish order.events                      ━   1.5
shipping-service             └ process order.events                       ━━ 4.5
"""


@pytest.mark.parametrize(
    ("trace", "width", "text"),
    [
        (approved, 100, APPROVED_100),
        (approved, 80, APPROVED_80),
        (compensated, 100, COMPENSATED_100),
        (compensated, 80, COMPENSATED_80),
    ],
    ids=["approved, 100", "approved, 80", "compensated, 100", "compensated, 80"],
)
def test_a_saga_reads_from_top_to_bottom(trace: Callable[[], Trace], width: int, text: str) -> None:
    assert drawn(trace(), width) == text


def test_without_folding_the_relays_have_lines_of_their_own() -> None:
    assert drawn(approved(), 80, folding=False) == UNFOLDED_80


def test_the_order_in_which_spans_arrive_makes_no_difference() -> None:
    spans = approved().spans

    assert drawn(Trace.of(reversed(spans)), 100) == APPROVED_100


def test_a_publish_that_failed_is_not_folded() -> None:
    written = Written()
    root = written.span(None, "order-service", "create order.events", (0, 1), SpanKind.PRODUCER)
    written.span(
        root,
        "order-service-relay",
        "publish order.events",
        (1, 2),
        SpanKind.CLIENT,
        status=StatusCode.ERROR,
        attributes={"error.type": "StreamFull"},
    )

    text = drawn(Trace.of(written.spans), 80)

    assert "publish order.events" in text
    assert "✗ StreamFull" in text


def test_a_span_whose_parent_is_missing_stands_on_the_left() -> None:
    spans = approved().spans
    without_a_create = [span for span in spans if span.name != "create customer.commands"]

    tops = [line.span.name for line in outline(Trace.of(without_a_create)) if not line.indent]

    assert tops[0] == "POST /orders"
    assert "process customer.commands" in tops


def test_a_long_name_is_cut_and_the_width_is_kept() -> None:
    written = Written()
    written.span(None, "order-service", "GET /" + "long" * 50, (0, 1))

    lines = drawn(Trace.of(written.spans), 80).splitlines()

    assert max(len(line) for line in lines) <= 80
    assert "…" in lines[1]


def test_a_trace_that_took_no_time_is_drawn() -> None:
    written = Written()
    written.span(None, "order-service", "GET /livez", (1, 1))

    assert "━" in drawn(Trace.of(written.spans), 80)


def test_undo_is_yellow_errors_are_red_and_a_relay_has_the_colour_of_its_service() -> None:
    console = Console(width=100, file=io.StringIO(), force_terminal=True, color_system="standard")
    with console.capture() as text:
        console.print(TraceTree(compensated(), folding=False))

    yellow, red, cyan = "\x1b[33m", "\x1b[31m", "\x1b[36m"
    assert f"{yellow}undo {RESET}" in text.get()
    assert f"{red}✗ OUT_OF_STOCK{RESET}" in text.get()
    assert f"{cyan}order-service " in text.get()
    assert f"{cyan}order-service-relay " in text.get()
