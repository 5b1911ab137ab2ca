"""What consumers tell about themselves, counted by batch and never by message."""

from collections.abc import Sequence
from typing import Any, Final

from prometheus_client import REGISTRY, Counter

from chassis.consumers.dead_letters import DeadReason
from chassis.consumers.deferral import Reason
from chassis.metrics import catalogue
from chassis.metrics.nats import NatsMetrics

_CONSUMED: Final = catalogue.CONSUMED_MESSAGES.counter()
_DURATION: Final = catalogue.PROCESS_DURATION.histogram()
_DUPLICATES: Final = catalogue.INBOX_DUPLICATES.counter()
_DEFERRED: Final = catalogue.DEFERRED_MESSAGES.counter()
_DEAD_LETTERS: Final = catalogue.DEAD_LETTERS.counter()
_PENDING: Final = catalogue.CONSUMER_PENDING.gauge()
_ACK_PENDING: Final = catalogue.CONSUMER_ACK_PENDING.gauge()
_REDELIVERED: Final = catalogue.CONSUMER_REDELIVERED.gauge()
_LAST_FETCH: Final = catalogue.CONSUMER_LAST_FETCH.gauge()
_PARTITIONS: Final = catalogue.CONSUMER_PARTITIONS.gauge()
_PARTITIONS_HELD: Final = catalogue.CONSUMER_PARTITIONS_HELD.gauge()

NATS: Final = NatsMetrics(REGISTRY)


def dead_letter_counters(consumer: str) -> dict[DeadReason, Counter]:
    """One counter for each reason, shown from the beginning."""
    return {reason: _DEAD_LETTERS.labels(consumer, reason) for reason in DeadReason}


class ConsumerMetrics:
    """The metrics of one consumer, by its name `<service>:<channel>`.

    Counters are shown from the beginning: an increase from nothing is none to Prometheus.
    """

    def __init__(self, consumer: str) -> None:
        self._name = consumer
        self._labels = ("nats", consumer.rpartition(":")[2], consumer)
        self._consumed = _CONSUMED.labels(*self._labels)
        self._duplicates = _DUPLICATES.labels(consumer)
        self._deferred = {reason: _DEFERRED.labels(consumer, reason) for reason in Reason}
        self._dead = dead_letter_counters(consumer)
        _DURATION.expect(*self._labels, "")

    def consumed(self, messages: int, duplicates: int = 0) -> None:
        self._consumed.inc(messages)
        self._duplicates.inc(duplicates)

    def took(self, seconds: float, error: Exception | None = None) -> None:
        """A transaction ended, in failure if there is an error."""
        _DURATION.observe((seconds,), *self._labels, type(error).__name__ if error else "")

    def deferred(self, messages: int, reason: Reason) -> None:
        self._deferred[reason].inc(messages)

    def buried(self, reason: DeadReason) -> None:
        self._dead[reason].inc()

    def surveyed(self, states: Sequence[dict[str, Any]]) -> None:
        """Take in what JetStream says of the durables of the partitions held."""
        _PENDING.labels(*self._labels).set(sum(state["num_pending"] for state in states))
        _ACK_PENDING.labels(*self._labels).set(sum(state["num_ack_pending"] for state in states))
        _REDELIVERED.labels(*self._labels).set(sum(state["num_redelivered"] for state in states))

    def holds(self, partitions: int, *, of: int, heard_at: float | None) -> None:
        """`heard_at`: since when, at the latest, every partition held has been heard; Unix time."""
        _PARTITIONS.labels(*self._labels).set(of)
        _PARTITIONS_HELD.labels(*self._labels).set(partitions)
        if heard_at is not None:
            _LAST_FETCH.labels(*self._labels).set(heard_at)
