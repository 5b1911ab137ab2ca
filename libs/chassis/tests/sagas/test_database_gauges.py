"""The gauges that the database fills, and what filling them costs."""

import json
from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest
from prometheus_client import REGISTRY

from chassis.database_gauges import SURVEY, DatabaseGauges
from chassis.persistence.database import Database

pytestmark = pytest.mark.real

MANY_ENDED = """
INSERT INTO saga_instances (saga_id, saga_type, definition_version, subject_key, data, state,
    direction, attempt, done, version, created_at, updated_at, ended_at)
SELECT gen_random_uuid(), 'Trip', 1, n::text, '{}', 'COMPLETED', 'action', 0, '[]', 1,
       now(), now(), now()
FROM generate_series(1, 20000) AS n
"""
MANY_ARCHIVED = """
INSERT INTO dead_letters (consumer, subject, headers, body, reason, error, attempts, archived_at)
SELECT 'c', 's', '{}', '', 'unreadable', 'e', 1, now() FROM generate_series(1, 20000)
"""


def shown(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


async def test_sagas_on_their_way_are_shown_by_state_with_their_oldest_and_their_retries(
    bench: Any, trip: SimpleNamespace
) -> None:
    gauges = DatabaseGauges(bench.database)
    gauges.expect_sagas([trip.TripSaga, trip.ForeignSaga])
    for number in range(3):
        await bench.start(f"t-{number}")
    await bench.execute(
        "UPDATE saga_instances SET attempt = 2, created_at = now() - interval '1 hour',"
        " wake_at = now() - interval '5 minutes' WHERE subject_key = 't-0'"
    )
    await bench.execute(
        "UPDATE saga_instances SET state = 'NEEDS_ATTENTION', wake_at = NULL"
        " WHERE subject_key = 't-1'"
    )

    await gauges.survey()

    assert shown("saga_in_progress", saga_type="Trip", state="running") == 2
    assert shown("saga_in_progress", saga_type="Trip", state="needs_attention") == 1
    assert shown("saga_in_progress", saga_type="Trip", state="compensating") == 0
    assert shown("saga_in_progress", saga_type="Foreign", state="running") == 0
    retrying = {"saga_type": "Trip", "step": "book_flight", "direction": "action"}
    assert shown("saga_retrying", **retrying) == 1
    assert 3600 <= shown("saga_oldest_in_progress_age_seconds", saga_type="Trip") < 3700
    assert 300 <= shown("saga_timers_lag_seconds") < 400
    assert shown("database_up") == 1

    await bench.execute("DELETE FROM saga_instances")
    await gauges.survey()

    assert shown("saga_in_progress", saga_type="Trip", state="running") == 0
    assert shown("saga_retrying", **retrying) is None
    assert shown("saga_oldest_in_progress_age_seconds", saga_type="Trip") == 0
    assert shown("saga_timers_lag_seconds") == 0


async def test_sagas_on_a_version_that_is_not_loaded_here_are_shown(
    bench: Any, trip: SimpleNamespace
) -> None:
    bench.orchestrator = bench.new_orchestrator(trip.TripSaga, trip.NewTripSaga)
    await bench.start("t-1")
    await bench.start("t-2", trip.NewTripSaga)
    await bench.start("t-3", trip.NewTripSaga)
    await bench.execute(
        "UPDATE saga_instances SET state = 'NEEDS_ATTENTION', wake_at = NULL"
        " WHERE subject_key = 't-3'"
    )
    older, newer = DatabaseGauges(bench.database), DatabaseGauges(bench.database)
    older.expect_sagas([trip.TripSaga])
    newer.expect_sagas([trip.TripSaga, trip.NewTripSaga])

    def on_version(version: str) -> float | None:
        return shown("saga_version_not_loaded", saga_type="Trip", version=version)

    await older.survey()
    assert (on_version("1"), on_version("2")) == (0, 2)
    await newer.survey()
    assert (on_version("1"), on_version("2")) == (0, 0)


async def test_waiting_messages_and_dead_letters_are_shown_by_consumer(bench: Any) -> None:
    gauges = DatabaseGauges(bench.database)
    gauges.expect_consumer("trip:replies")
    await bench.execute(
        "INSERT INTO deferred_messages (consumer, key, message_id, wire_type, subject, headers,"
        " body, reason, attempts, deferred_at, next_attempt_at) SELECT 'trip:replies', 'k',"
        " gen_random_uuid(), 't', 's', '{}', '', reason, 1, now() - interval '1 hour', now()"
        " FROM unnest(ARRAY['failed', 'behind', 'behind']) AS reason"
    )
    await bench.execute(
        "INSERT INTO dead_letters (consumer, subject, headers, body, reason, error, attempts,"
        " archived_at) SELECT 'trip:replies', 's', '{}', '', 'unreadable', 'e', 1, archived_at"
        " FROM unnest(ARRAY[NULL, now()]) AS archived_at"
    )

    await gauges.survey()

    assert shown("waiting_messages", consumer="trip:replies", reason="behind") == 2
    assert shown("waiting_messages", consumer="trip:replies", reason="failed") == 1
    assert shown("waiting_messages", consumer="trip:replies", reason="redriven") == 0
    assert shown("waiting_oldest_message_age_seconds", consumer="trip:replies") >= 3600
    assert shown("dead_letter_backlog_messages", consumer="trip:replies") == 1


async def test_what_has_ended_is_not_looked_at(bench: Any, database: Any) -> None:
    for number in range(3):
        await bench.start(f"t-{number}")
    connection = await asyncpg.connect(database.url)
    await connection.execute(MANY_ENDED)
    await connection.execute(MANY_ARCHIVED)
    await connection.execute("ANALYZE")

    (explained,) = await connection.fetchrow(f"EXPLAIN (FORMAT JSON) {SURVEY}")
    await connection.close()

    scans = {
        (node["Relation Name"], node["Node Type"])
        for node in _nodes(json.loads(explained)[0]["Plan"])
        if "Relation Name" in node
    }
    assert ("saga_instances", "Seq Scan") not in scans
    assert ("dead_letters", "Seq Scan") not in scans
    assert {table for table, _ in scans} == {
        "saga_instances",
        "dead_letters",
        "deferred_messages",
        "pending_answers",
        "semantic_locks",
    }


async def test_a_database_that_is_away_is_shown_and_the_other_gauges_keep_their_values(
    bench: Any,
) -> None:
    gauges = DatabaseGauges(bench.database)
    await bench.start("t-1")
    await gauges.survey()

    with pytest.raises(ConnectionError):
        await DatabaseGauges(Database("postgresql://nobody:x@127.0.0.1:1/none")).survey()

    assert shown("database_up") == 0
    assert shown("saga_in_progress", saga_type="Trip", state="running") == 1


async def test_the_pool_is_shown_as_it_is(bench: Any) -> None:
    gauges = DatabaseGauges(bench.database)
    async with bench.database.sessions() as session:
        await session.connection()
        gauges.show_pool()
        assert shown("db_client_connection_count", db_client_connection_state="used") == 1
    gauges.show_pool()

    assert shown("db_client_connection_count", db_client_connection_state="used") == 0
    assert shown("db_client_connection_max") == 10


def _nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for child in plan.get("Plans", ()) for node in _nodes(child))]
