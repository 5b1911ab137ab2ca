"""The twins of what flows by choreography do in the database."""

from collections.abc import Sequence
from typing import Any

from chassis.testing.twins.statements.rows import FLOWS, Expectation, later
from chassis.testing.twins.store import Store


def expect(
    store: Store,
    names: Sequence[str],
    keys: Sequence[str],
    awaits: Sequence[str],
    _awaited_from: Sequence[str],
    _correlation_ids: Sequence[str | None],
    within: Sequence[float],
) -> list[Any]:
    for name, key, awaited, after_seconds in zip(names, keys, awaits, within, strict=True):
        earlier = store.get(FLOWS, (name, key))
        ended = earlier is not None and earlier.ended
        row = Expectation(name, key, awaited, 0, later(after_seconds), ended)
        store.put(FLOWS, (name, key), row)
    return []


def reach(  # noqa: PLR0917
    store: Store,
    names: Sequence[str],
    keys: Sequence[str],
    stages: Sequence[int],
    awaits: Sequence[str],
    _awaited_from: Sequence[str],
    within: Sequence[float],
) -> list[Any]:
    columns = (names, keys, stages, awaits, within)
    for name, key, stage, awaited, after_seconds in zip(*columns, strict=True):
        known = store.get(FLOWS, (name, key))
        if known is not None and not known.ended and known.stage < stage:
            row = Expectation(name, key, awaited, stage, later(after_seconds))
            store.put(FLOWS, (name, key), row)
    return []


def end(store: Store, names: Sequence[str], keys: Sequence[str]) -> list[Any]:
    for name, key in zip(names, keys, strict=True):
        expected = store.get(FLOWS, (name, key))
        if expected is not None and not expected.ended:
            store.remove(FLOWS, (name, key))
        else:
            store.put(FLOWS, (name, key), Expectation(name, key, None, 0, None, ended=True))
    return []
