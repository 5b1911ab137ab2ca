"""Traces as they are drawn in the terminal: written by hand, milliseconds as they are read."""

import io
from collections.abc import Callable

import pytest
from opentelemetry.trace import SpanKind, StatusCode
from rich.console import Console

from devkit.tracing.outline import outline
from devkit.tracing.span import Span
from devkit.tracing.trace import Trace
from devkit.tracing.tree import TraceTree, as_text

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
        wire_type: str,
        at: tuple[float, float, float, float],
        **more: object,
    ) -> str:
        """A message: created, published, then processed from ``at[2]`` to ``at[3]``."""
        sender, receiver = (f"{name}-service" for name in way)
        create = self.span(
            parent,
            sender,
            f"create {channel}",
            (at[0], at[0] + 0.1),
            SpanKind.PRODUCER,
            attributes={"cloudevents.event_type": wire_type},
        )
        relay, published = f"{sender}-relay", (at[1], at[1] + 1.5)
        self.span(create, relay, f"publish {channel}", published, SpanKind.CLIENT)
        done = (at[2], at[3])
        return self.span(create, receiver, f"process {channel}", done, SpanKind.CONSUMER, **more)


def approved() -> Trace:
    written = Written()
    root = written.span(None, "order-service", "POST /orders", (0, 9), SpanKind.SERVER)
    written.step(root, "create_order", (2, 2.1))
    step = written.step(root, "reserve_credit", (2.2, 22))
    command = ("customer.commands", "customer.ReserveCredit.v1")
    last = written.hop(step, ("order", "customer"), *command, (2.5, 8, 11, 16))
    reply = ("order.replies", "customer.CreditReserved.v1")
    last = written.hop(last, ("customer", "order"), *reply, (14, 17, 20, 27))
    step = written.step(last, "approve_order", (22, 23))
    event = ("order.events", "order.OrderApproved.v1")
    written.hop(step, ("order", "shipping"), *event, (22.5, 24, 25.5, 30))
    return Trace.of(written.spans)


def compensated() -> Trace:
    written = Written()
    refused = {"status": StatusCode.ERROR, "status_message": "inventory.OutOfStock.v1"}
    root = written.span(None, "order-service", "POST /orders", (0, 9), SpanKind.SERVER)
    step = written.step(root, "reserve_stock", (2.2, 22), **refused)
    command = ("inventory.commands", "inventory.ReserveStock.v1")
    last = written.hop(step, ("order", "inventory"), *command, (2.5, 8, 11, 16))
    reply = ("order.replies", "inventory.OutOfStock.v1")
    last = written.hop(last, ("inventory", "order"), *reply, (14, 17, 20, 27))
    written.step(last, "note_refusal", (22, 22.1))
    step = written.step(last, "reserve_credit", (23, 40), attributes=UNDO)
    command = ("customer.commands", "customer.ReleaseCredit.v1")
    written.hop(step, ("order", "customer"), *command, (23.5, 27, 30, 36), attributes=UNDO)
    return Trace.of(written.spans)


APPROVED_100 = """\
service          span                                     0                               30 ms   ms
order-service    POST /orders                             ━━━━━━━━━━━                            9.0
                 ├ saga CreateOrder create_order            ━                                    0.1
                 └ saga CreateOrder reserve_credit           ━━━━━━━━━━━━━━━━━━━━━━━━           19.8
                   create customer.commands ReserveCredit    ━      ┄┄                           0.1
customer-service   process customer.commands                            ━━━━━━                   5.0
                   create order.replies CreditReserved                     ━   ┄┄                0.1
order-service      process order.replies                                           ━━━━━━━━      7.0
                   saga CreateOrder approve_order                                    ━           1.0
                   create order.events OrderApproved                                  ━ ┄        0.1
shipping-service   process order.events                                                  ━━━━━━  4.5
"""

APPROVED_80 = """\
service          span                                     0           30 ms   ms
order-service    POST /orders                             ━━━━━              9.0
                 ├ saga CreateOrder create_order           ━                 0.1
                 └ saga CreateOrder reserve_credit         ━━━━━━━━━━━      19.8
                   create customer.commands ReserveCredit  ━   ┄             0.1
customer-service   process customer.commands                    ━━━          5.0
                   create order.replies CreditReserved            ━ ┄        0.1
order-service      process order.replies                             ━━━━    7.0
                   saga CreateOrder approve_order                     ━      1.0
                   create order.events OrderApproved                   ━┄    0.1
shipping-service   process order.events                                 ━━━  4.5
"""

COMPENSATED_100 = """\
service           span                                     0                              40 ms   ms
order-service     POST /orders                             ━━━━━━━━                              9.0
                  saga CreateOrder reserve_stock             ━━━━━━━━━━━━━━━━━━                 19.8
                  ✗ inventory.OutOfStock.v1
                  create inventory.commands ReserveStock     ━    ┄┄                             0.1
inventory-service process inventory.commands                         ━━━━                        5.0
                  create order.replies OutOfStock                       ━ ┄┄                     0.1
order-service     process order.replies                                      ━━━━━━              7.0
                  ├ saga CreateOrder note_refusal                              ━                 0.1
                  └ undo saga CreateOrder reserve_credit                        ━━━━━━━━━━━━━━━ 17.0
                    create customer.commands ReleaseCredit                      ━  ┄┄            0.1
customer-service    undo process customer.commands                                    ━━━━━      6.0
"""

COMPENSATED_80 = """\
service           span                                     0          40 ms   ms
order-service     POST /orders                             ━━━━              9.0
                  saga CreateOrder reserve_stock            ━━━━━━━━        19.8
                  ✗ inventory.OutOfStock.v1
                  create inventory.commands ReserveStock    ━ ┄              0.1
inventory-service process inventory.commands                   ━━            5.0
                  create order.replies OutOfStock                ━┄          0.1
order-service     process order.replies                            ━━━       7.0
                  ├ saga CreateOrder note_refusal                   ━        0.1
                  └ undo saga CreateOrder reserve_credit            ━━━━━━━ 17.0
                    create customer.commands ReleaseCredit          ━ ┄      0.1
customer-service    undo process customer.commands                     ━━    6.0
"""

UNFOLDED_80 = """\
service                span                                     0     30 ms   ms
order-service          POST /orders                             ━━━          9.0
                       ├ saga CreateOrder create_order           ━           0.1
                       └ saga CreateOrder reserve_credit         ━━━━━━━    19.8
                         create customer.commands ReserveCredit  ━           0.1
order-service-relay      ├ publish customer.commands               ━         1.5
customer-service         └ process customer.commands                ━━       5.0
                           create order.replies CreditReserved       ━       0.1
customer-service-relay     ├ publish order.replies                    ━      1.5
order-service              └ process order.replies                     ━━━   7.0
                             saga CreateOrder approve_order             ━    1.0
                             create order.events OrderApproved          ━    0.1
order-service-relay          ├ publish order.events                      ━   1.5
shipping-service             └ process order.events                      ━━  4.5
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
    assert as_text(trace(), width) == text


def test_without_folding_the_relays_have_lines_of_their_own() -> None:
    assert as_text(approved(), 80, folding=False) == UNFOLDED_80


def test_the_order_in_which_spans_arrive_makes_no_difference() -> None:
    spans = approved().spans

    assert as_text(Trace.of(reversed(spans)), 100) == APPROVED_100


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

    text = as_text(Trace.of(written.spans), 80)

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

    lines = as_text(Trace.of(written.spans), 80).splitlines()

    assert max(len(line) for line in lines) <= 80
    assert "…" in lines[1]


def test_a_trace_that_took_no_time_is_as_text() -> None:
    written = Written()
    written.span(None, "order-service", "GET /livez", (1, 1))

    assert "━" in as_text(Trace.of(written.spans), 80)


def test_undo_is_yellow_errors_are_red_and_a_relay_has_the_colour_of_its_service() -> None:
    console = Console(width=100, file=io.StringIO(), force_terminal=True, color_system="standard")
    with console.capture() as text:
        console.print(TraceTree(compensated(), folding=False))

    yellow, red, cyan = "\x1b[33m", "\x1b[31m", "\x1b[36m"
    assert f"{yellow}undo {RESET}" in text.get()
    assert f"{red}✗ inventory.OutOfStock.v1{RESET}" in text.get()
    assert f"{cyan}order-service " in text.get()
    assert f"{cyan}order-service-relay " in text.get()
