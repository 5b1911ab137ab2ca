"""A service forgets what its work needs no more, and nothing else."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from sqlalchemy import text

from chassis.ids import first_id_at, new_id
from chassis.leases import lock_class
from chassis.messaging.topology import Consumer, ServiceTopology, Stream, commands, events
from chassis.persistence.database import Database
from chassis.persistence.tables import METADATA
from chassis.retention import Retention, RetentionError, Sweeper
from devkit.embedded.postgres import Database as EmptyDatabase

pytestmark = pytest.mark.real

OLD = datetime.now(UTC) - timedelta(days=100)
NOW = datetime.now(UTC)
_numbers = count(1)


@pytest.fixture
async def store(database: EmptyDatabase) -> AsyncIterator[Database]:
    store = Database(database.url)
    async with store.engine.begin() as connection:
        await connection.run_sync(METADATA.create_all)
    yield store
    await store.close()


@pytest.fixture
def sweeper(store: Database) -> Sweeper:
    return Sweeper(store, Retention(), batch=10)


async def enter(store: Database, statement: str, rows: list[dict[str, object]]) -> None:
    async with store.engine.begin() as connection:
        await connection.execute(text(statement), rows)


async def count_of(store: Database, table: str) -> int:
    async with store.engine.begin() as connection:
        return (await connection.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one()


def id_at(time: datetime):
    """A UUIDv7 of that time."""
    lowest = first_id_at(time)
    return type(lowest)(int=lowest.int + next(_numbers))


RECEIVED = "INSERT INTO received_messages VALUES (:consumer, :message_id, :at)"
STEP = """INSERT INTO participant_steps VALUES
    (:saga_id, 'reserve', 'action', 'success', 'any.Done.v1', '', :at)"""
SAGA = """INSERT INTO saga_instances
    (saga_id, saga_type, definition_version, subject_key, data, state, direction, attempt, done,
     version, created_at, updated_at, ended_at)
    VALUES (:saga_id, 'Trip', 1, 't', '{}', :state, 'action', 0, '[]', 1, :at, :at, :ended_at)"""
LOG = "INSERT INTO saga_log (saga_id, at, kind, attempt) VALUES (:saga_id, :at, 'started', 0)"
KEY = "INSERT INTO idempotency_keys VALUES (:key, '', '{}', :at)"
LETTER = """INSERT INTO dead_letters
    (consumer, subject, headers, body, reason, error, attempts, dead_at, archived_at)
    VALUES ('c', 's', '{}', '', 'malformed', 'e', 1, :at, :archived_at)"""

LOCK = "INSERT INTO semantic_locks VALUES ('order', :key, 'h', 'Trip', :taken_at, :expires_at)"


def test_the_first_id_of_a_time_is_above_all_that_were_made_before():
    assert first_id_at(datetime.now(UTC) - timedelta(seconds=1)) < new_id()
    assert new_id() < first_id_at(datetime.now(UTC) + timedelta(seconds=1))


async def test_handled_messages_are_forgotten_when_no_stream_has_them_any_more(
    store: Database, sweeper: Sweeper
):
    for consumer in ("a:order.events", "b:order.replies"):
        rows = [(OLD, 25), (NOW, 3)]
        await enter(
            store,
            RECEIVED,
            [
                {"consumer": consumer, "message_id": id_at(at), "at": at}
                for at, number in rows
                for _ in range(number)
            ],
        )

    assert (await sweeper.sweep())["received_messages"] == 50
    assert await count_of(store, "received_messages") == 6
    assert (await sweeper.sweep())["received_messages"] == 0


async def test_a_message_that_is_old_and_was_handled_lately_is_remembered(
    store: Database, sweeper: Sweeper
):
    await enter(store, RECEIVED, [{"consumer": "c", "message_id": id_at(OLD), "at": NOW}])

    assert (await sweeper.sweep())["received_messages"] == 0


async def test_ended_sagas_go_with_their_log_and_those_that_live_stay_however_old(
    store: Database, sweeper: Sweeper
):
    sagas = [
        {"saga_id": id_at(OLD), "at": OLD, "state": state, "ended_at": ended_at}
        for state, ended_at, number in (
            ("COMPLETED", OLD, 15),
            ("COMPENSATED", NOW, 1),
            ("RUNNING", None, 1),
            ("NEEDS_ATTENTION", None, 1),
        )
        for _ in range(number)
    ]
    await enter(store, SAGA, sagas)
    await enter(store, LOG, [*sagas, *sagas])

    assert (await sweeper.sweep())["saga_instances"] == 15
    assert await count_of(store, "saga_instances") == 3
    assert await count_of(store, "saga_log") == 6


async def test_recorded_steps_keys_and_closed_letters_are_forgotten_by_their_age(
    store: Database, sweeper: Sweeper
):
    ages = (OLD, NOW)
    await enter(store, STEP, [{"saga_id": id_at(at), "at": at} for at in ages])
    await enter(store, KEY, [{"key": str(at), "at": at} for at in ages])
    await enter(store, LETTER, [{"at": OLD, "archived_at": at} for at in (*ages, None)])

    forgotten = await sweeper.sweep()

    assert forgotten["participant_steps"] == forgotten["idempotency_keys"] == 1
    assert forgotten["dead_letters"] == 1
    assert await count_of(store, "dead_letters") == 2


async def test_locks_that_expired_unreleased_are_forgotten_and_those_that_are_held_are_not(
    store: Database, sweeper: Sweeper
):
    ages = ((OLD, OLD), (OLD, NOW), (NOW, NOW))
    await enter(
        store,
        LOCK,
        [
            {"key": f"{taken_at} {expires_at}", "taken_at": taken_at, "expires_at": expires_at}
            for taken_at, expires_at in ages
        ],
    )

    assert (await sweeper.sweep())["semantic_locks"] == 1
    assert await count_of(store, "semantic_locks") == 2


async def test_what_somebody_has_in_hand_is_left_for_later(store: Database, sweeper: Sweeper):
    saga = {"saga_id": id_at(OLD), "at": OLD, "state": "COMPLETED", "ended_at": OLD}
    await enter(store, SAGA, [saga])
    async with store.engine.begin() as connection:
        await connection.execute(text("SELECT FROM saga_instances FOR UPDATE"))
        assert (await sweeper.sweep())["saga_instances"] == 0

    assert (await sweeper.sweep())["saga_instances"] == 1


async def test_a_table_that_another_process_sweeps_is_left_to_it(store: Database, sweeper: Sweeper):
    await enter(store, KEY, [{"key": "k", "at": OLD}])
    async with store.engine.begin() as other:
        lock = lock_class("retention.idempotency_keys")
        await other.execute(text("SELECT pg_advisory_xact_lock(:lock, 0)"), {"lock": lock})
        assert (await sweeper.sweep())["idempotency_keys"] == 0

    assert (await sweeper.sweep())["idempotency_keys"] == 1


EVENTS = events("order")


def test_an_inbox_that_forgets_before_a_stream_does_is_refused():
    reads = Consumer(service="s", channel=EVENTS, names=("OrderPlaced",))
    foreign = ServiceTopology(service="s", context="s", consumers=(reads,))
    long_kept = ServiceTopology(
        service="s",
        context="order",
        streams=(Stream(channel=EVENTS, max_age=timedelta(days=30)),),
        consumers=(reads,),
    )

    Retention().check(foreign)
    with pytest.raises(RetentionError, match="INBOX_RETENTION_DAYS is 6"):
        Retention(inbox=timedelta(days=6)).check(foreign)
    with pytest.raises(RetentionError, match="streams keep for 30 days"):
        Retention().check(long_kept)


def test_commands_may_be_forgotten_sooner_since_the_barrier_remembers_their_steps():
    takes = Consumer(service="s", channel=commands("s"))
    topology = ServiceTopology(service="s", context="s", consumers=(takes,))

    Retention(inbox=timedelta(days=1)).check(topology)
