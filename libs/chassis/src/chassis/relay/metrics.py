"""What the relay tells about itself."""

import time
from collections import Counter
from collections.abc import Iterable
from enum import StrEnum

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
)

from chassis.metrics import catalogue
from chassis.metrics.build_info import tell_build
from chassis.metrics.nats import NatsMetrics
from chassis.relay.publishing.outcome import Outcome
from chassis.relay.rows import ClaimedRow, Survey


class WakeUp(StrEnum):
    """Why the relay looked into the outbox: a poke, its own interval, or more rows were due."""

    POKE = "poke"
    POLL = "poll"
    BUSY = "busy"


class RelayMetrics:
    """The metrics of one relay in a registry of their own."""

    def __init__(self, name: str) -> None:
        self.registry = registry = CollectorRegistry()
        self.nats = NatsMetrics(registry)
        self.shards_held = catalogue.OUTBOX_SHARDS_HELD.gauge(registry)
        self.lost_pokes = catalogue.OUTBOX_LOST_POKES.counter(registry)
        self._database_up = catalogue.DATABASE_UP.gauge(registry)
        self._pending = catalogue.OUTBOX_PENDING.gauge(registry)
        self._oldest_age = catalogue.OUTBOX_OLDEST_AGE.gauge(registry)
        self._parked = catalogue.OUTBOX_PARKED.gauge(registry)
        self._wakeups = catalogue.RELAY_WAKEUPS.counter(registry)
        self._published = catalogue.OUTBOX_PUBLISHED.counter(registry)
        self._sent = catalogue.SENT_MESSAGES.counter(registry)
        self._lag = catalogue.OUTBOX_PUBLISH_LAG.histogram(registry)
        self._duration = catalogue.OUTBOX_PUBLISH_DURATION.histogram(registry)
        self._operations = catalogue.OPERATION_DURATION.histogram(registry)
        build_info = catalogue.BUILD_INFO.gauge(registry)
        tell_build(build_info, service_name=name, distribution="longship-chassis")
        for collect in (ProcessCollector, PlatformCollector, GCCollector):
            collect(registry=registry)

    def woke_up(self, source: WakeUp) -> None:
        self._wakeups.labels(source).inc()

    def published(self, outcome: Outcome) -> None:
        for channel, amount in _by_channel(outcome.stored).items():
            self._published.labels(channel, "stored").inc(amount)
            self._sent.labels("nats", "send", channel).inc(amount)
        for channel, amount in _by_channel(outcome.duplicates).items():
            self._published.labels(channel, "duplicate").inc(amount)
        for channel, amount in _by_channel(refused.row for refused in outcome.refused).items():
            self._published.labels(channel, "refused").inc(amount)
        now = time.time()
        # the database's clock made the first time, and may be ahead
        self._lag.observe(max(now - row.created_at, 0.0) for row in outcome.stored)
        self._duration.observe(outcome.seconds)
        for operation in outcome.operations:
            labels = ("nats", "send", operation.channel, operation.error_type)
            self._operations.observe((operation.seconds,), *labels)

    def surveyed(self, survey: Survey | None) -> None:
        """None: the database did not answer, and the gauges keep their values."""
        self._database_up.set(survey is not None)
        if survey is not None:
            self._pending.set(survey.pending)
            self._oldest_age.set(survey.oldest_age_seconds)
            self._parked.set(survey.parked)


def _by_channel(rows: Iterable[ClaimedRow]) -> Counter[str]:
    return Counter(row.channel for row in rows)
