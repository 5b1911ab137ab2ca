"""What is counted of sagas, once it is committed."""

from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import REGISTRY

pytestmark = pytest.mark.real


def shown(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0


async def test_a_saga_that_goes_back_shows_its_steps_and_what_it_undid(
    bench: Any, trip: SimpleNamespace
) -> None:
    def counts() -> dict[str, float]:
        step = {"saga_type": "Trip", "step": "book_flight"}
        return {
            "answered": shown("saga_step_duration_seconds_count", direction="action", **step),
            "undone": shown("saga_step_duration_seconds_count", direction="compensation", **step),
            "compensations": shown("saga_compensations_total", **step),
            "trips": shown("saga_compensations_total", saga_type="Trip", step="open_trip"),
            "ended": shown("saga_duration_seconds_count", saga_type="Trip", outcome="compensated"),
        }

    before = counts()
    await bench.start("t-1", wants_car=False)
    await bench.answer_all(trip.FlightBooked(seat="1A"))
    await bench.answer_all(trip.CardDeclined())
    await bench.answer_all(trip.Done())

    after = counts()
    assert {name: after[name] - before[name] for name in before} == dict.fromkeys(before, 1)
    assert (
        shown(
            "saga_step_duration_seconds_sum",
            direction="action",
            saga_type="Trip",
            step="book_flight",
        )
        > 0
    )


async def test_counters_are_there_before_anything_happens(
    bench: Any, trip: SimpleNamespace
) -> None:
    bench.new_orchestrator(trip.hasty_saga(trip.seconds(1)))

    for outcome in ("completed", "compensated", "needs_attention"):
        labels = {"saga_type": "Hasty", "outcome": outcome}
        assert REGISTRY.get_sample_value("saga_finished_total", labels) is not None
