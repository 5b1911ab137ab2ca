"""The histogram for batches shows what prometheus_client's own shows."""

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram, generate_latest

from chassis.metrics.declaration import SERVICE, Kind, Metric

BUCKETS = (0.1, 0.5, 2.0)
DECLARED = Metric(
    name="lag_seconds",
    kind=Kind.HISTOGRAM,
    meaning="Lag.",
    labels=("channel",),
    buckets=BUCKETS,
    exposed_by=SERVICE,
)


@given(st.lists(st.sampled_from([0.0, 0.1, 0.25, 0.5, 1.0, 2.0, 8.0])))
def test_values_fall_into_the_buckets_that_prometheus_puts_them_into(values: list[float]) -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    DECLARED.histogram(ours).observe(values, "a.events")
    standard = Histogram("lag_seconds", "Lag.", ["channel"], buckets=BUCKETS, registry=theirs)
    standard.labels("a.events")
    for value in values:
        standard.labels("a.events").observe(value)

    assert generate_latest(ours) == generate_latest(theirs)
