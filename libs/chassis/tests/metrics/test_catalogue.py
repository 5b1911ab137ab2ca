"""The catalogue is sound, and the published reference says the same."""

import re
from pathlib import Path

from chassis.metrics.catalogue import ALL
from chassis.metrics.declaration import Kind
from chassis.metrics.reference import reference

REFERENCE = Path(__file__).parents[4] / "docs" / "reference" / "metrics.md"


def test_every_name_is_declared_once_and_ends_as_its_kind_does() -> None:
    names = [metric.name for metric in ALL]
    assert len(names) == len(set(names)) > 30
    for metric in ALL:
        assert metric.name.endswith("_total") == (metric.kind is Kind.COUNTER), metric.name
        assert bool(metric.buckets) == (metric.kind is Kind.HISTOGRAM), metric.name
        assert re.fullmatch(r"[a-z][a-z0-9_]+", metric.name)


def test_no_label_holds_an_entity() -> None:
    labels = {label for metric in ALL for label in metric.labels}
    assert not {label for label in labels if label == "id" or label.endswith(("_id", "_key"))}


def test_the_reference_is_what_the_catalogue_says() -> None:
    assert REFERENCE.read_text() == reference(), (
        "write it anew: python -m chassis.metrics > docs/reference/metrics.md"
    )
