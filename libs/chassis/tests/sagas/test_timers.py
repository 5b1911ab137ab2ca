"""Time-outs, retries and deadlines fire once, in whichever process, and after any restart."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs

from chassis.alarm import Alarm
from chassis.persistence.database import Database
from chassis.sagas import SagaState, SagaTimers, seconds
from chassis.tasks import end
from chassis.testing.statements import recorded_statements
from devkit.embedded.postgres import PostgresServer
from devkit.eventually import eventually

pytestmark = pytest.mark.real

SOON = seconds(0.1)


@asynccontextmanager
async def running(timers: SagaTimers) -> AsyncIterator[None]:
    task = asyncio.create_task(timers.run())
    try:
        yield
    finally:
        await end(task)


async def log_of(bench: Any, kind: str) -> int:
    rows = await bench.rows(f"SELECT count(*) FROM saga_log WHERE kind = '{kind}'")
    return int(rows[0][0])


async def test_a_process_knows_of_the_time_outs_that_it_starts_itself(
    bench: Any, trip: SimpleNamespace
) -> None:
    saga = trip.hasty_saga(SOON)
    bench.orchestrator = bench.new_orchestrator(saga)

    timers = SagaTimers(bench.database, bench.orchestrator, idle_poll=timedelta(hours=1))
    with recorded_statements(bench.database) as statements:
        async with running(timers):
            await eventually(lambda: statements)
            await bench.start("t-1", saga=saga)
            await eventually(lambda: bench.sent_is(2))

    history = await bench.history("t-1")
    kinds = [step.kind for step in history.steps]
    assert kinds == ["started", "local", "command", "timeout", "retry"]
    timed_out = history.steps[3].at - history.started_at
    assert timed_out >= SOON


async def test_two_processes_fire_each_time_out_once(
    bench: Any, trip: SimpleNamespace, database: Any
) -> None:
    saga = trip.hasty_saga(SOON)
    bench.orchestrator = bench.new_orchestrator(saga)
    for number in range(120):
        await bench.start(f"t-{number}", saga=saga)
    async with AsyncExitStack() as processes:
        for _ in range(2):
            another = Database(database.url)
            processes.push_async_callback(another.close)
            timers = SagaTimers(another, bench.new_orchestrator(saga))
            await processes.enter_async_context(running(timers))
        await eventually(lambda: bench.sent_is(240))
        await asyncio.sleep(0.5)  # nothing more comes: there is nothing to wait for

    assert await log_of(bench, "timeout") == 120
    assert await log_of(bench, "retry") == 120


async def test_what_fell_due_while_no_process_ran_fires_after_the_restart(
    bench: Any, trip: SimpleNamespace, database: Any
) -> None:
    await bench.start("t-1")
    await bench.execute("UPDATE saga_instances SET due_at = now(), wake_at = now()")

    restarted = Database(database.url)
    async with running(SagaTimers(restarted, bench.new_orchestrator(trip.TripSaga))):
        await eventually(lambda: bench.sent_is(2))
    await restarted.close()

    assert (await bench.history("t-1")).state is SagaState.COMPENSATING


async def test_the_deadline_sends_a_saga_back(bench: Any) -> None:
    await bench.start("t-1")
    await bench.execute("UPDATE saga_instances SET deadline = now(), wake_at = now()")

    async with running(SagaTimers(bench.database, bench.orchestrator)):
        await eventually(lambda: bench.sent_is(2))

    kinds = [step.kind for step in (await bench.history("t-1")).steps]
    assert kinds == ["started", "local", "command", "deadline", "command"]


async def test_a_refused_retriable_step_is_sent_again_after_its_wait(
    bench: Any, trip: SimpleNamespace
) -> None:
    await bench.start("t-1", wants_car=False)
    await bench.answer_all(trip.Done())
    await bench.answer_all(trip.Done())
    await bench.answer_all(trip.Refused())
    assert await bench.sent() == []

    async with running(SagaTimers(bench.database, bench.orchestrator)):
        await eventually(lambda: bench.sent_is(1))

    (again,) = await bench.sent()
    assert (again.wire_type, again.saga.step) == ("flight.SendTicket.v1", "send_ticket")


async def test_a_saga_whose_timer_breaks_does_not_hold_up_the_others(
    bench: Any, trip: SimpleNamespace
) -> None:
    for name in ("t-1", "t-2", "t-3"):
        await bench.start(name, saga=trip.TripSaga)
    await bench.sent()
    # its data are not what its definition says, so that no step of it can be taken
    await bench.execute(
        "UPDATE saga_instances SET due_at = now(), wake_at = now(),"
        " data = CASE subject_key WHEN 't-2' THEN '{}' ELSE data END"
    )

    with capture_logs() as logs:
        async with running(SagaTimers(bench.database, bench.orchestrator)):
            await eventually(lambda: bench.sent_is(2))
            await eventually(lambda: [line for line in logs if "postponed" in line["event"]])

    assert {command.key for command in await bench.sent()} == {"t-1", "t-3"}
    postponed = await bench.rows(
        "SELECT wake_at > now() + interval '20 seconds' FROM saga_instances"
        " WHERE subject_key = 't-2'"
    )
    assert postponed == [(True,)]


async def test_a_version_that_is_not_loaded_is_left_to_a_process_that_has_it(
    bench: Any, trip: SimpleNamespace
) -> None:
    await bench.start("t-1")
    await bench.execute("UPDATE saga_instances SET due_at = now(), wake_at = now()")

    newer = bench.new_orchestrator(trip.NewTripSaga)
    async with bench.database.sessions.begin() as session:
        assert await newer.fire(session, now=datetime.now(UTC), limit=10) == 0
        assert await newer.instances.next_due(session) == []


async def test_the_time_out_of_a_step_that_was_answered_only_sets_the_clock_anew(
    bench: Any, trip: SimpleNamespace
) -> None:
    await bench.start("t-1")
    await bench.execute("UPDATE saga_instances SET wake_at = now()")
    await bench.answer_all(trip.Done())
    assert len(await bench.sent()) == 1
    assert await bench.rows("SELECT wake_at <= now() FROM saga_instances") == [(True,)]

    async with bench.database.sessions.begin() as session:
        await bench.orchestrator.fire(session, now=datetime.now(UTC), limit=10)

    assert await bench.rows("SELECT wake_at = least(due_at, deadline) FROM saga_instances") == [
        (True,)
    ]
    assert await bench.sent() == []
    assert await log_of(bench, "timeout") == 0


async def test_idle_timers_ask_one_thing_and_sleep(bench: Any) -> None:
    timers = SagaTimers(bench.database, bench.orchestrator)
    with recorded_statements(bench.database) as statements:
        async with running(timers):
            await eventually(lambda: statements)
            await asyncio.sleep(1)  # nothing happens: there is nothing to wait for

    assert len(statements) == 1, "and the next one ten seconds later: 0.1 a second"


async def test_stopping_finishes_the_transaction_in_hand(bench: Any, trip: SimpleNamespace) -> None:
    await bench.start("t-1")
    await bench.execute("UPDATE saga_instances SET due_at = now(), wake_at = now()")
    entered, leave = asyncio.Event(), asyncio.Event()
    fire = bench.orchestrator.fire

    async def fire_slowly(session: Any, **arguments: Any) -> int:
        entered.set()
        await leave.wait()
        fired: int = await fire(session, **arguments)
        return fired

    bench.orchestrator.fire = fire_slowly
    task = asyncio.create_task(SagaTimers(bench.database, bench.orchestrator).run())
    await entered.wait()
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    leave.set()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert await log_of(bench, "timeout") == 1


async def test_timers_go_on_after_the_database_was_away(
    fresh_postgres_server: PostgresServer,
    open_bench: Callable[[str], AbstractAsyncContextManager[Any]],
) -> None:
    url = fresh_postgres_server.create_database("trips").url
    async with open_bench(url) as bench:
        await bench.start("t-1")
        timers = SagaTimers(bench.database, bench.orchestrator, idle_poll=SOON)
        async with running(timers):
            with capture_logs() as logs:
                await asyncio.to_thread(fresh_postgres_server.stop)
                await eventually(lambda: [line["event"] for line in logs])
                await asyncio.to_thread(fresh_postgres_server.start)
            await bench.execute("UPDATE saga_instances SET due_at = now(), wake_at = now()")
            await eventually(lambda: bench.sent_is(2))

    assert {line["event"] for line in logs} == {"saga timers failed"}


async def test_an_alarm_wakes_its_sleeper_at_the_earliest_time_set() -> None:
    alarm = Alarm()
    now = datetime.now(UTC)
    asleep = asyncio.create_task(alarm.sleep(now + timedelta(hours=1)))
    await asyncio.sleep(0)

    alarm.set(now + timedelta(hours=2))
    alarm.set(now + seconds(0.2))
    await asyncio.wait_for(asleep, 30)

    assert datetime.now(UTC) >= now + seconds(0.2)
