"""A metric as it is declared: what its name promises to whoever reads a dashboard."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    disable_created_metrics,
)

from chassis.metrics.histogram import BulkHistogram

# a second series for every counter, which nothing here reads
disable_created_metrics()  # type: ignore[no-untyped-call]

_UNITS: Final = {"_seconds": "seconds", "_bytes": "bytes", "_messages": "messages"}


class Kind(StrEnum):
    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Exposer(StrEnum):
    """Which processes have a metric on their `/metrics`."""

    SERVICE = "service"
    RELAY = "relay"
    GATEWAY = "api-gateway"


SERVICE: Final = (Exposer.SERVICE,)
RELAY: Final = (Exposer.RELAY,)
GATEWAY: Final = (Exposer.GATEWAY,)
API: Final = (Exposer.SERVICE, Exposer.GATEWAY)
ALL_PROCESSES: Final = tuple(Exposer)
BOTH: Final = (Exposer.SERVICE, Exposer.RELAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """`name` is what queries use, so a counter's ends in `_total`.

    Labels have few values, known from the code and the topology: never an entity's id.
    """

    name: str
    kind: Kind
    meaning: str
    exposed_by: tuple[Exposer, ...]
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()

    @property
    def unit(self) -> str:
        bare = self.name.removesuffix("_total")
        return next((unit for end, unit in _UNITS.items() if bare.endswith(end)), "1")

    @property
    def samples(self) -> tuple[str, ...]:
        """The names that queries may use for it."""
        if self.kind is not Kind.HISTOGRAM:
            return (self.name,)
        return tuple(f"{self.name}_{part}" for part in ("bucket", "count", "sum"))

    def counter(self, registry: CollectorRegistry = REGISTRY) -> Counter:
        self._check(Kind.COUNTER)
        return Counter(self.name, self.meaning, self.labels, registry=registry)

    def gauge(self, registry: CollectorRegistry = REGISTRY) -> Gauge:
        self._check(Kind.GAUGE)
        return Gauge(self.name, self.meaning, self.labels, registry=registry)

    def histogram(self, registry: CollectorRegistry = REGISTRY) -> BulkHistogram:
        self._check(Kind.HISTOGRAM)
        histogram = BulkHistogram(self.name, self.meaning, self.labels, self.buckets)
        registry.register(histogram)
        return histogram

    def _check(self, kind: Kind) -> None:
        if self.kind is not kind:
            raise TypeError(f"{self.name} is declared as a {self.kind}, not as a {kind}")
