"""What the relay tells about itself."""

import time
from collections.abc import Iterable
from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Gauge

from chassis.relay.lag import LagHistogram
from chassis.relay.publishing.outcome import Outcome
from chassis.relay.rows import ClaimedRow, Survey


class WakeUp(StrEnum):
    """Why the relay looked into the outbox: a poke, its own interval, or more rows were due."""

    POKE = "poke"
    POLL = "poll"
    BUSY = "busy"


class RelayMetrics:
    """The metrics of one relay in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._pending = self._gauge("outbox_pending_messages", "Rows in the outbox, up to 100,000.")
        self._oldest_age = self._gauge(
            "outbox_oldest_pending_age_seconds", "Age of the outbox's first row."
        )
        self._parked = self._gauge("outbox_parked_messages", "Keys set aside with a failed row.")
        self.shards_held = self._gauge("outbox_shards_held", "Shards this relay publishes.")
        self.lost_pokes = self._counter(
            "outbox_lost_pokes", "Polls that found rows which a poke should have announced."
        )
        self._wakeups = self._counter("outbox_relay_wakeups", "Looks into the outbox.", "source")
        self._published = self._counter(
            "outbox_published_messages", "Rows by what became of them.", "destination", "result"
        )
        self._lag = LagHistogram(
            "outbox_publish_lag_seconds", "From the insert of a row to its acknowledgement."
        )
        self.registry.register(self._lag)

    def woke_up(self, source: WakeUp) -> None:
        self._wakeups.labels(source=source).inc()

    def published(self, outcome: Outcome) -> None:
        self._count(outcome.stored, "stored")
        self._count(outcome.duplicates, "duplicate")
        self._count([refused.row for refused in outcome.refused], "refused")
        now = time.time()
        # the database's clock made the first time, and may be ahead
        self._lag.observe(max(now - row.created_at, 0.0) for row in outcome.stored)

    def surveyed(self, survey: Survey) -> None:
        self._pending.set(survey.pending)
        self._oldest_age.set(survey.oldest_age_seconds)
        self._parked.set(survey.parked)

    def _count(self, rows: Iterable[ClaimedRow], result: str) -> None:
        amounts: dict[str, int] = {}
        for row in rows:
            amounts[row.channel] = amounts.get(row.channel, 0) + 1
        for channel, amount in amounts.items():
            self._published.labels(destination=channel.replace(".", "-"), result=result).inc(amount)

    def _gauge(self, name: str, documentation: str) -> Gauge:
        return Gauge(name, documentation, registry=self.registry)

    def _counter(self, name: str, documentation: str, *labels: str) -> Counter:
        return Counter(name, documentation, labels, registry=self.registry)
