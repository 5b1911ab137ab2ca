"""What each figure must reach (floor) and should reach (aim)."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from devkit.bench.figures import Figures


class Verdict(StrEnum):
    AIM = "aim"
    FLOOR = "floor"
    MISSED = "missed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Bound:
    """A figure's value beside its floor and aim; whichever is the greater says what is better."""

    figure: str
    value: float
    floor: float
    aim: float
    unit: str = ""

    @property
    def verdict(self) -> Verdict:
        if self._reaches(self.aim):
            return Verdict.AIM
        return Verdict.FLOOR if self._reaches(self.floor) else Verdict.MISSED

    def _reaches(self, bound: float) -> bool:
        if self.aim > self.floor:
            return self.value >= bound
        return self.value <= bound


def bounds(figures: Figures) -> Iterator[Bound]:
    """Everything that was measured and has a floor."""
    yield from _of_relay(figures)
    yield from _of_peers(figures)


def _of_relay(figures: Figures) -> Iterator[Bound]:
    relay = figures.relay
    if relay is None:
        return
    yield Bound(
        figure="relay drain ÷ bare atomic batches",
        value=relay.ratio_to_bare_batches,
        floor=0.5,
        aim=0.8,
    )
    yield Bound(
        figure="statements a message, drain",
        value=relay.statements_per_message,
        floor=0.01,
        aim=0.004,
    )
    yield Bound(figure="queries a second, idle", value=relay.idle_queries_per_s, floor=1, aim=0.2)
    yield Bound(figure="relay memory", value=relay.rss_mib, floor=80, aim=64, unit="MiB")
    yield Bound(figure="relay start", value=relay.start_seconds, floor=2.5, aim=1.5, unit="s")
    fast = relay.latency_ms["500"]
    yield Bound(figure="commit → stream at 500/s, p50", value=fast.p50, floor=5, aim=1.5, unit="ms")
    yield Bound(figure="commit → stream at 500/s, p99", value=fast.p99, floor=50, aim=12, unit="ms")


def _of_peers(figures: Figures) -> Iterator[Bound]:
    outbox, dbos = figures.faststream_outbox, figures.dbos
    if outbox is not None:
        yield Bound(
            figure="relay drain ÷ faststream-outbox", value=outbox.ratio.median, floor=12, aim=20
        )
    if dbos is not None:
        yield Bound(figure="sagas a second ÷ DBOS", value=dbos.sagas_ratio.median, floor=4, aim=10)
        yield Bound(
            figure="CPU of a saga ÷ DBOS", value=dbos.cpu_ratio.median, floor=1 / 3, aim=1 / 8
        )
        yield Bound(
            figure="saga p50 at 20/s ÷ DBOS", value=dbos.p50_ratio.median, floor=1 / 2, aim=1 / 3
        )
