"""Metrics of sagas."""

from prometheus_client import Counter

STARTED = Counter("saga_started_total", "Sagas started", ["saga_type"])
FINISHED = Counter(
    "saga_finished_total",
    "Sagas that ended or were parked, by outcome: completed, compensated, needs_attention",
    ["saga_type", "outcome"],
)
