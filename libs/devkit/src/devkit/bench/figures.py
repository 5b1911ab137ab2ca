"""Everything that the benchmark found out."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from devkit.bench.relay import RelayFigures
from devkit.bench.sagas import SagaLatency, Saturation
from devkit.bench.spread import Spread
from devkit.bench.views import ViewFigures

_DIGITS = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class SagaRounds:
    """One system's sagas, round by round."""

    saturations: Sequence[Saturation]
    latencies: Sequence[SagaLatency]

    @property
    def sagas_per_s(self) -> Spread:
        return Spread.of([round_.sagas_per_s for round_ in self.saturations])

    @property
    def cpu_ms(self) -> Spread:
        return Spread.of([round_.cpu_ms for round_ in self.saturations])

    @property
    def statements(self) -> Spread:
        return Spread.of([round_.statements for round_ in self.saturations])

    @property
    def p50_ms(self) -> Spread:
        return Spread.of([latency.p50 for latency in self.latencies])

    @property
    def p99_ms(self) -> Spread:
        return Spread.of([latency.p99 for latency in self.latencies])

    @property
    def cpu_ms_by_process(self) -> dict[str, float]:
        """Of the middle one of the rounds, by CPU."""
        ordered = sorted(self.saturations, key=lambda round_: round_.cpu_ms)
        return dict(ordered[len(ordered) // 2].cpu_ms_by_process)


@dataclass(frozen=True, kw_only=True, slots=True)
class OutboxComparison:
    """Messages a second of relay and faststream-outbox, in rounds that alternate."""

    relay: Sequence[float]
    peer: Sequence[float]

    @property
    def ratio(self) -> Spread:
        return Spread.of_ratios(self.relay, self.peer)


@dataclass(frozen=True, kw_only=True, slots=True)
class SagaComparison:
    """Sagas here and in DBOS, in rounds that alternate."""

    ours: SagaRounds
    peer: SagaRounds

    @property
    def sagas_ratio(self) -> Spread:
        return Spread.of_ratios(
            [round_.sagas_per_s for round_ in self.ours.saturations],
            [round_.sagas_per_s for round_ in self.peer.saturations],
        )

    @property
    def cpu_ratio(self) -> Spread:
        return Spread.of_ratios(
            [round_.cpu_ms for round_ in self.ours.saturations],
            [round_.cpu_ms for round_ in self.peer.saturations],
        )

    @property
    def p50_ratio(self) -> Spread:
        return Spread.of_ratios(
            [latency.p50 for latency in self.ours.latencies],
            [latency.p50 for latency in self.peer.latencies],
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """What was measured; the rest is None."""

    relay: RelayFigures | None = None
    sagas: SagaRounds | None = None
    views: ViewFigures | None = None
    faststream_outbox: OutboxComparison | None = None
    dbos: SagaComparison | None = None

    def as_json(self) -> dict[str, Any]:
        """Throughput and cost of the sagas are medians of the rounds."""
        parts = {
            "relay": self.relay and asdict(self.relay),
            "sagas": self.sagas and _sagas(self.sagas),
            "views": self.views and asdict(self.views),
            "peers": {
                **(
                    {"faststream_outbox": _outbox(self.faststream_outbox)}
                    if self.faststream_outbox
                    else {}
                ),
                **({"dbos": _dbos(self.dbos)} if self.dbos else {}),
            },
        }
        rounded: dict[str, Any] = _rounded({k: v for k, v in parts.items() if v is not None})
        return rounded


def _sagas(sagas: SagaRounds) -> dict[str, Any]:
    return {
        "per_s": sagas.sagas_per_s.median,
        "cpu_ms": sagas.cpu_ms.median,
        "p50_ms": sagas.p50_ms.median,
        "p99_ms": sagas.p99_ms.median,
        "statements": sagas.statements.median,
        "cpu_ms_by_process": sagas.cpu_ms_by_process,
    }


def _outbox(comparison: OutboxComparison) -> dict[str, Any]:
    return {
        "messages_per_s": asdict(Spread.of(comparison.peer)),
        "relay_messages_per_s": asdict(Spread.of(comparison.relay)),
        "ratio": asdict(comparison.ratio),
    }


def _dbos(comparison: SagaComparison) -> dict[str, Any]:
    return {
        "per_s": asdict(comparison.peer.sagas_per_s),
        "cpu_ms": asdict(comparison.peer.cpu_ms),
        "statements": asdict(comparison.peer.statements),
        "p50_ms": asdict(comparison.peer.p50_ms),
        "p99_ms": asdict(comparison.peer.p99_ms),
        "ratio": {
            "per_s": asdict(comparison.sagas_ratio),
            "cpu": asdict(comparison.cpu_ratio),
            "p50": asdict(comparison.p50_ratio),
        },
    }


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return round(value, _DIGITS) if isinstance(value, float) else value
