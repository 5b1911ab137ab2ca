"""Declaring a view, and what its projections come to."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import ARRAY, Column, Integer, MetaData, Table, Text

from chassis.messaging.topology import ServiceTopology, TopologyError, commands, events
from chassis.testing.views import shown
from chassis.views import VIEW_SCHEMA, ChangeError, View, ViewError, delete, put
from chassis.views.changes import Put
from chassis.views.coalescing import RowChanges

METADATA = MetaData(schema=VIEW_SCHEMA)
PAIRS = Table(
    "pairs",
    METADATA,
    Column("a", Integer, primary_key=True),
    Column("b", Integer, primary_key=True),
    Column("x", Integer),
    Column("y", Integer),
)


def test_events_come_to_rows(new_view: Callable[[int], View], said: Any) -> None:
    rows = shown(
        new_view(1),
        said.lent(reader="ann", book="dune"),
        said.lent(reader="ann", book="emma", day=2),
        said.lent(reader="bob", book="emma", day=3),
        said.returned(reader="ann", book="dune"),
        said.named(book="emma", title="Emma"),
        said.left(reader="bob"),
    )

    assert rows == {
        "loans": [{"reader": "ann", "book": "emma", "day": 2}],
        "books": [{"book": "dune", "title": None}, {"book": "emma", "title": "Emma"}],
    }


SMALL = st.integers(0, 2)
CHANGES = st.one_of(
    st.builds(lambda a, b, x: put(PAIRS, a=a, b=b, x=x), SMALL, SMALL, SMALL),
    st.builds(lambda a, b, y: put(PAIRS, a=a, b=b, y=y), SMALL, SMALL, SMALL),
    st.builds(lambda a, b: delete(PAIRS, a=a, b=b), SMALL, SMALL),
    st.builds(lambda a: delete(PAIRS, a=a), SMALL),
)


@given(st.lists(CHANGES, max_size=12), st.lists(CHANGES, max_size=25))
def test_a_batch_of_changes_comes_to_what_they_come_to_one_by_one(
    before: list[Any], batch: list[Any]
) -> None:
    rows: dict[Any, dict[str, Any]] = {}
    for change in before:
        _apply(rows, change)
    together = {key: dict(row) for key, row in rows.items()}
    for change in batch:
        _apply(rows, change)

    gathered = RowChanges()
    gathered.add(batch)
    for table in gathered.tables.values():
        for keys in table.deletes.values():
            for key in keys:
                _remove(together, key)
        for _, group in table.by_columns():
            for row in group:
                together.setdefault((row["a"], row["b"]), {}).update(row)

    assert together == rows


def _apply(rows: dict[Any, dict[str, Any]], change: Any) -> None:
    if isinstance(change, Put):
        rows.setdefault(change.key, {}).update(change.values)
    else:
        _remove(rows, change.key)


def _remove(rows: dict[Any, dict[str, Any]], beginning: tuple[int, ...]) -> None:
    for key in [key for key in rows if key[: len(beginning)] == beginning]:
        del rows[key]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda: put(PAIRS, a=1, x=1), "without b of its key"),
        (lambda: put(PAIRS, a=1, b=1, z=1), "has no column z"),
        (lambda: delete(PAIRS, b=1), "no beginning of pairs's primary key"),
        (lambda: delete(PAIRS), "no beginning"),
    ],
)
def test_a_change_that_cannot_be_made_says_what_is_wrong(
    change: Callable[[], object], told: str
) -> None:
    with pytest.raises(ChangeError, match=told):
        change()


def test_a_view_that_cannot_work_is_refused_where_it_is_declared() -> None:
    def view(*columns: Column[Any], schema: str = VIEW_SCHEMA, name: str = "shelf") -> View:
        metadata = MetaData(schema=schema)
        Table("things", metadata, *columns)
        return View(name=name, version=1, tables=metadata, projections=())

    with pytest.raises(ViewError, match="no primary key"):
        view(Column("a", Text))
    with pytest.raises(ViewError, match="schema=VIEW_SCHEMA"):
        view(Column("a", Text, primary_key=True), schema="public")
    with pytest.raises(ViewError, match="is an array"):
        view(Column("a", Text, primary_key=True), Column("b", ARRAY(Text)))
    with pytest.raises(ViewError, match="no view's name"):
        view(Column("a", Text, primary_key=True), name="Shelf!")


def test_a_view_reads_only_channels_that_the_topology_declares(
    new_view: Callable[[int], View],
) -> None:
    topology = ServiceTopology(service="s", context="s", reads=(events("lending"),))
    with pytest.raises(TopologyError, match="events of catalogue"):
        new_view(1).channels(topology)
    with pytest.raises(TopologyError, match="views read events"):
        ServiceTopology(service="s", context="s", reads=(commands("lending"),))
