"""Semantic locks between sagas, over a real stream: who waits, who is refused, who goes on."""

import asyncio
import json
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import REGISTRY
from pydantic import BaseModel, ConfigDict
from sqlalchemy.ext.asyncio import AsyncSession
from typer.testing import CliRunner

from chassis.cli import app
from chassis.consumers.handlers import handle
from chassis.database_gauges import DatabaseGauges
from chassis.ids import new_id
from chassis.locks import REFUSE, WAIT, Holder, LockTakenError, SemanticLock
from chassis.locks.lock import NoHolderError
from chassis.messaging.contracts import Command, Reply
from chassis.sagas import PIVOT, Saga, command, seconds
from devkit.eventually import eventually

pytestmark = pytest.mark.real

MINUTES = timedelta(minutes=5)
HOTEL = SemanticLock("hotel", MINUTES, WAIT)
STRICT_HOTEL = SemanticLock("hotel", MINUTES, REFUSE)
DEFERRED = "SELECT reason, attempts, wire_type FROM deferred_messages ORDER BY id"


class Occupy(Command, type="hotel.Occupy.v1", key="hotel"):
    hotel: str


class Vacate(Command, type="hotel.Vacate.v1", key="hotel"):
    hotel: str


class Leave(Command, type="hotel.Leave.v1", key="first"):
    first: str
    second: str


class Tour(BaseModel):
    model_config = ConfigDict(frozen=True)

    first: str = "Ritz"
    second: str = "Ritz"


def occupy_first(data: Tour) -> Occupy:
    return Occupy(hotel=data.first)


def vacate_first(data: Tour) -> Vacate:
    return Vacate(hotel=data.first)


def occupy_second(data: Tour) -> Occupy:
    return Occupy(hotel=data.second)


def vacate_second(data: Tour) -> Vacate:
    return Vacate(hotel=data.second)


def leave(data: Tour) -> Leave:
    return Leave(first=data.first, second=data.second)


class TourSaga(Saga[Tour], type="Tour", version=1):
    """Two hotels, one after the other; both are left at the end."""

    steps = (
        command(occupy_first, compensation=vacate_first, timeout=seconds(10)),
        command(occupy_second, compensation=vacate_second, timeout=seconds(10)),
        command(leave, kind=PIVOT, timeout=seconds(10)),
    )


class Done(Reply, type="hotel.Done.v1"):
    pass


class Hotels:
    """The participant: a hotel is one tour's until that tour leaves."""

    def __init__(self, world: Any, lock: SemanticLock = HOTEL) -> None:
        self.world = world
        self.lock = lock
        self.occupied: list[str] = []
        self.failures: list[Exception] = []

    async def occupy(self, command: Occupy, session: AsyncSession) -> Reply:
        held = await self.lock.take(session, command.hotel)
        if self.failures:
            raise self.failures.pop()
        self.occupied.append(held.holder)
        return Done()

    async def vacate(self, command: Vacate, session: AsyncSession) -> Reply:
        await self.lock.release(session, command.hotel)
        return Done()

    async def leave(self, command: Leave, session: AsyncSession) -> Reply:
        for hotel in {command.first, command.second}:
            await self.lock.release(session, hotel)
        return Done()

    async def open(self) -> None:
        await self.world.participate(
            handle(Occupy, self.occupy), handle(Vacate, self.vacate), handle(Leave, self.leave)
        )

    async def deferred(self) -> list[Any]:
        return [tuple(row) for row in await self.world.rows(DEFERRED)]

    async def waiting(self, number: int) -> bool:
        return [reason for reason, _, _ in await self.deferred()].count("locked") == number

    async def occupied_by(self, *sagas: Any) -> bool:
        return self.occupied == [str(saga) for saga in sagas]


@pytest.fixture
async def hotels(world: Any, trip: SimpleNamespace) -> Hotels:
    world.orchestrator = trip.SagaOrchestrator(
        outbox=trip.Outbox(trip.TRIP, trip.no_poke),
        definitions=(TourSaga,),
        reply_to="trip.replies",
    )
    hotels = Hotels(world)
    await hotels.open()
    return hotels


async def start(world: Any, first: str = "Ritz", second: str = "Ritz") -> Any:
    return await world.start(TourSaga, Tour(first=first, second=second))


async def test_who_finds_a_lock_taken_waits_and_goes_on_when_it_is_released(
    world: Any, hotels: Hotels
) -> None:
    holder = await start(world)
    await world.carry()
    await eventually(lambda: hotels.occupied_by(holder))
    answers = await world.sent(1)
    waiter = await start(world)
    await world.carry()
    await eventually(lambda: hotels.waiting(1))

    assert await hotels.deferred() == [("locked", 0, "hotel.Occupy.v1")]
    async with world.database.sessions() as session:
        held = await HOTEL.held(session, "Ritz")
    assert held is not None
    assert (held.holder, held.holder_type, held.waiters) == (str(holder), "Tour", 1)

    await world.put(*answers)
    await world.orchestrate()
    await world.until(lambda: all_ended(world, "COMPLETED", "COMPLETED"))
    # the holder took it again for its second step, and its release had the waiter's key
    assert hotels.occupied == [str(one) for one in (holder, holder, waiter, waiter)]
    assert await world.rows("SELECT * FROM semantic_locks") == []
    await world.nothing_left()


async def test_in_a_batch_only_who_needs_the_lock_waits(
    world: Any, trip: SimpleNamespace, hotels: Hotels
) -> None:
    await world.runtimes.pop().stop()
    holder = await start(world)
    await start(world)
    other = await start(world, first="Savoy")
    await world.carry()

    await hotels.open()

    await eventually(lambda: hotels.waiting(1))
    assert set(hotels.occupied) == {str(holder), str(other)}
    assert [reason for reason, _, _ in await hotels.deferred()] == ["locked"]


async def test_the_messages_of_a_saga_stay_in_order_behind_the_one_that_waits(
    world: Any, trip: SimpleNamespace, hotels: Hotels
) -> None:
    holder = Holder(id="an inspector", type="Inspection")
    async with world.database.sessions.begin() as session:
        await HOTEL.take(session, "Ritz", holder=holder)
    saga = await start(world)
    [first] = await world.take()
    headers = {**first.headers, "ce-id": str(new_id()), "ce-sagastep": "occupy_second"}
    second = trip.Row(first.subject, headers, first.body)
    await world.put(first)
    await world.put(second, again="-second")
    await eventually(lambda: hotels.waiting(1))
    await eventually(lambda: is_(hotels.deferred(), ["locked", "behind"]))

    async with world.database.sessions.begin() as session:
        assert await HOTEL.release(session, "Ritz", holder=holder)
    answers = await world.sent(2)

    assert [row.headers["ce-sagastep"] for row in answers] == ["occupy_first", "occupy_second"]
    assert hotels.occupied == [str(saga)] * 2


async def test_who_came_first_is_first_and_a_newcomer_does_not_pass(
    world: Any, hotels: Hotels
) -> None:
    holder = await start(world)
    await world.carry()
    await eventually(lambda: hotels.occupied_by(holder))
    answers = await world.sent(1)
    waiters = []
    for number in range(1, 4):
        waiters.append(await start(world))
        await world.carry()
        await eventually(lambda number=number: hotels.waiting(number))

    await world.put(*answers)
    await world.orchestrate()
    await world.until(lambda: all_ended(world, *["COMPLETED"] * 4))

    in_turn = [str(saga) for saga in (holder, *waiters) for _ in range(2)]
    assert hotels.occupied == in_turn


async def test_a_compensation_withdraws_a_step_that_waits(world: Any, hotels: Hotels) -> None:
    holder = await start(world)
    await world.carry()
    await eventually(lambda: hotels.occupied_by(holder))
    await world.sent(1)  # its answer is on its way for long
    await world.execute("UPDATE saga_instances SET due_at = now() + interval '1 day'")
    await start(world)
    await world.carry()
    await eventually(lambda: hotels.waiting(1))
    await world.orchestrate()
    await world.advance(seconds=11)

    await world.until(lambda: all_ended(world, "RUNNING", "COMPENSATED"))
    await world.until(lambda: hotels.waiting(0))

    assert await hotels.occupied_by(holder)
    [lock] = await world.rows("SELECT holder FROM semantic_locks")
    assert lock.holder == str(holder)
    steps = await world.rows(
        "SELECT reply_type FROM participant_steps WHERE reply_type LIKE 'chassis%' ORDER BY 1"
    )
    assert steps == [("chassis.NothingToUndo.v1",), ("chassis.StepAlreadyUndone.v1",)]


async def test_a_lock_that_is_never_released_expires(world: Any, hotels: Hotels) -> None:
    holder = await start(world)
    await world.carry()
    await eventually(lambda: hotels.occupied_by(holder))
    await world.sent(1)
    waiter = await start(world)
    await world.carry()
    await eventually(lambda: hotels.waiting(1))

    await world.execute("UPDATE semantic_locks SET expires_at = now() - interval '1 second'")

    await eventually(lambda: hotels.occupied_by(holder, waiter))
    async with world.database.sessions.begin() as session:
        former = Holder(id=str(holder), type="Tour")
        assert not await HOTEL.release(session, "Ritz", holder=former)


async def test_two_sagas_that_want_each_others_lock_do_not_wait_for_ever(
    world: Any, hotels: Hotels
) -> None:
    there = await start(world, "Ritz", "Savoy")
    back = await start(world, "Savoy", "Ritz")
    await world.carry()
    await eventually(lambda: has_occupied(hotels, there, back))

    await world.orchestrate()
    await world.until(lambda: all_ended(world, "COMPENSATED", "COMPLETED"))

    refusals = await world.rows("SELECT detail FROM saga_log WHERE kind = 'refusal'")
    assert refusals == [("chassis.Locked.v1",)]
    assert await world.rows("SELECT * FROM semantic_locks") == []
    await world.nothing_left()


async def test_a_lock_may_refuse_and_says_who_holds_it(
    world: Any, trip: SimpleNamespace, hotels: Hotels
) -> None:
    hotels.lock = STRICT_HOTEL
    holder = await start(world)
    await world.carry()
    await eventually(lambda: hotels.occupied_by(holder))
    await world.sent(1)
    await start(world)
    await world.carry()

    [refusal] = await world.sent(1)

    assert refusal.headers["ce-type"] == "chassis.Locked.v1"
    assert refusal.headers["ce-outcome"] == "refused"
    told = json.loads(refusal.body)
    assert (told["lock"], told["locked_key"], told["holder_type"]) == ("hotel", "Ritz", "Tour")
    assert await hotels.deferred() == []


async def test_a_handler_that_fails_gives_the_lock_back(world: Any, hotels: Hotels) -> None:
    hotels.failures = [RuntimeError("made to fail")] * 9
    await start(world)
    await world.carry()
    await eventually(lambda: world.rows("SELECT 1 FROM dead_letters"))

    assert await world.rows("SELECT * FROM semantic_locks") == []


async def test_a_waiter_that_fails_lets_the_next_one_go_on(world: Any, hotels: Hotels) -> None:
    inspector = Holder(id="an inspector", type="Inspection")
    async with world.database.sessions.begin() as session:
        await HOTEL.take(session, "Ritz", holder=inspector)
    await start(world)
    await world.carry()
    await eventually(lambda: hotels.waiting(1))
    second = await start(world)
    await world.carry()
    await eventually(lambda: hotels.waiting(2))
    hotels.failures = [RuntimeError("made to fail")]

    async with world.database.sessions.begin() as session:
        await HOTEL.release(session, "Ritz", holder=inspector)

    await eventually(lambda: has_occupied(hotels, second))


async def test_outside_of_sagas_a_holder_is_named_and_told_who_is_before(
    world: Any, hotels: Hotels
) -> None:
    async with world.database.sessions() as session:
        with pytest.raises(NoHolderError, match="holder=Holder"):
            await HOTEL.take(session, "Ritz")
        await HOTEL.take(session, "Ritz", holder=Holder(id="17", type="Inspection"))
        again = await HOTEL.take(session, "Ritz", holder=Holder(id="17", type="Inspection"))
        with pytest.raises(LockTakenError, match="held by Inspection 17 for") as caught:
            await HOTEL.take(session, "Ritz", holder=Holder(id="18", type="Inspection"))

    assert again.waiters == 0
    assert caught.value.held is not None
    assert caught.value.held.taken_at == again.taken_at


async def test_an_operator_sees_locks_and_takes_one_away_with_a_reason(
    world: Any, database: Any, hotels: Hotels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database.url)
    holder = await start(world)
    await world.carry()
    await eventually(lambda: hotels.occupied_by(holder))
    await world.sent(1)
    waiter = await start(world)
    await world.carry()
    await eventually(lambda: hotels.waiting(1))

    [listed] = await chassis("locks", "list", "--json")
    released = await chassis(
        "locks", "release", "hotel", "Ritz", "--reason", "the saga is dead", "--by", "ann", "--json"
    )

    assert (listed["holder"], listed["waiters"]) == (str(holder), 1)
    assert released["holder"] == str(holder)
    await eventually(lambda: hotels.occupied_by(holder, waiter))
    [row] = await world.rows("SELECT by, action, target, reason, arguments FROM operator_actions")
    assert tuple(row)[:4] == ("ann", "locks.release", "hotel Ritz", "the saga is dead")
    assert row.arguments == {"holder": str(holder), "holder_type": "Tour"}


async def test_locks_are_shown_with_their_age_and_their_waiters(world: Any, hotels: Hotels) -> None:
    holder = await start(world)
    await world.carry()
    await eventually(lambda: hotels.occupied_by(holder))
    await world.sent(1)
    await start(world)
    await world.carry()
    await eventually(lambda: hotels.waiting(1))
    await world.execute("UPDATE semantic_locks SET taken_at = now() - interval '1 hour'")

    await DatabaseGauges(world.database).survey()

    assert shown("semantic_locks", lock="hotel", state="held") == 1
    assert 3600 <= shown("semantic_lock_oldest_age_seconds", lock="hotel") < 3700
    assert shown("semantic_lock_waiters", lock="hotel") == 1


def shown(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0


async def chassis(*words: str) -> Any:
    result = await asyncio.to_thread(CliRunner().invoke, app, [*words])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


async def is_(deferred: Any, reasons: list[str]) -> bool:
    return [reason for reason, _, _ in await deferred] == reasons


async def has_occupied(hotels: Hotels, *sagas: Any) -> bool:
    return {str(saga) for saga in sagas} <= set(hotels.occupied)


async def all_ended(world: Any, *states: str) -> bool:
    rows = await world.rows("SELECT state FROM saga_instances")
    return sorted(row.state for row in rows) == sorted(states)
