"""What operators see of views."""

from collections.abc import Callable
from typing import Any

from prometheus_client import REGISTRY

from chassis.messaging.envelope import OutgoingMessage
from chassis.views import View


def value(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


async def test_what_is_applied_and_what_is_not_is_shown(library: Any, said: Any) -> None:
    kept = await library.keep()
    applied = value("view_applied_events_total", view="shelf", state="live") or 0
    dead = value("dead_letter_messages_total", consumer="shelf", reason="not-projected") or 0
    first = await library.publish(said.lent(reader="ann", book="dune"))
    await library.until_shown(kept, *first)
    ids = await library.publish(said.greeted(reader="ann"), said.lent(reader="a", book="b", day=13))
    await library.until_shown(kept, *ids)

    await kept.survey()

    labels = {"view": "shelf", "version": "1", "state": "live"}
    assert value("view_lag_messages", **labels) == 0
    assert value("view_lag_seconds", **labels) == 0
    assert value("view_idle_seconds", **labels) == 0
    assert value("view_progress_ratio", **labels) == 1
    assert value("view_incomplete_partitions", **labels) == 0
    await library.until(
        lambda: (value("view_applied_events_total", view="shelf", state="live") or 0) > applied
    )
    await library.until(
        lambda: (
            value("dead_letter_messages_total", consumer="shelf", reason="not-projected")
            == dead + 1
        )
    )


async def test_a_view_that_nobody_feeds_shows_how_far_it_is_behind(library: Any, said: Any) -> None:
    kept = await library.keep()
    await library.until_shown(kept, *await library.publish(said.lent(reader="ann", book="dune")))
    await library.end()
    sent = [OutgoingMessage(message=said.left(reader="ann"), key="ann") for _ in range(3)]
    for message in sent:
        await library.send(message)

    await kept.survey()

    labels = {"view": "shelf", "version": "1", "state": "live"}
    lag_seconds = value("view_lag_seconds", **labels)
    assert value("view_lag_messages", **labels) == 3
    assert lag_seconds is not None
    assert lag_seconds >= 0
    assert value("view_progress_ratio", **labels) == 0.25


async def test_a_generation_that_waits_for_a_person_is_shown_beside_the_live_one(
    library: Any, said: Any, new_view: Callable[..., View]
) -> None:
    kept = await library.keep()
    await library.until_shown(kept, *await library.publish(said.lent(reader="ann", book="dune")))
    await library.lose_events()
    await library.rebuild()

    async def waits() -> bool:
        await kept.survey()
        building = value("view_waits", view="shelf", version="1", state="building")
        return building == 1

    await library.until(waits)
    labels = {"view": "shelf", "version": "1"}
    assert value("view_incomplete_partitions", **labels, state="building") == 2
    assert value("view_waits", **labels, state="live") == 0
