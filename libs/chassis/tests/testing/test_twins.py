"""Twins of a platform: participants that are made up, time that is advanced, and their limits."""

import asyncio
import re
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict
from sqlalchemy import func, select, text, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, aliased, mapped_column

import chassis.consumers
import chassis.flows
import chassis.locks
import chassis.outbox
from chassis.ids import new_id
from chassis.messaging.contracts import Command, Refusal, Reply
from chassis.messaging.topology import Consumer, ServiceTopology, Stream, commands, replies
from chassis.sagas import (
    RETRIABLE,
    Intervened,
    Intervention,
    InterventionRefusedError,
    Retry,
    Saga,
    SagaState,
    command,
    minutes,
    seconds,
)
from chassis.sagas.state import EntryKind
from chassis.testing.twins import (
    Participant,
    Parts,
    Platform,
    RunningService,
    ServiceTwin,
    TwinLimitError,
    hours,
    participant,
    platform_of,
)
from chassis.testing.twins.statements import CHASSIS

SQL = re.compile(r"\s*(WITH|SELECT|INSERT|UPDATE|DELETE)\b")


class Reserve(Command, type="hotel.Reserve.v1", key="room"):
    room: str


class Release(Command, type="hotel.Release.v1", key="room"):
    room: str


class Pay(Command, type="bank.Pay.v1", key="room"):
    room: str


class Reserved(Reply, type="hotel.Reserved.v1"):
    room: str


class Done(Reply, type="any.Done.v1"):
    pass


class Full(Refusal, type="hotel.Full.v1"):
    pass


class StayData(BaseModel):
    model_config = ConfigDict(frozen=True)

    room: str = "12"


def reserve(data: StayData) -> Reserve:
    return Reserve(room=data.room)


def release(data: StayData) -> Release:
    return Release(room=data.room)


def pay(data: StayData) -> Pay:
    return Pay(room=data.room)


class StaySaga(Saga[StayData], type="Stay", version=1):
    steps = (
        command(reserve, compensation=release, timeout=seconds(10), retry=Retry(attempts=3)),
        command(pay, kind=RETRIABLE, timeout=hours(4), retry=Retry(attempts=3)),
    )


class Base(DeclarativeBase):
    """The desk's own table."""


class Guest(Base):
    __tablename__ = "guests"
    name: Mapped[str] = mapped_column(primary_key=True)
    nights: Mapped[int] = mapped_column(default=1)


DESK = ServiceTwin(
    topology=ServiceTopology(
        service="desk",
        context="desk",
        streams=(Stream(channel=replies("desk")),),
        consumers=(Consumer(service="desk", channel=replies("desk")),),
        sends_to=(commands("hotel"), commands("bank")),
    ),
    parts=Parts(sagas=(StaySaga,)),
)


@pytest.fixture
def hotel() -> Participant:
    hotel = participant("hotel")
    hotel.on(Release).reply(Done())
    return hotel


@pytest.fixture
def bank() -> Participant:
    bank = participant("bank")
    bank.on(Pay).reply(Done())
    return bank


def stay(platform: Platform) -> None:
    async def start(session: AsyncSession, desk: RunningService) -> None:
        await desk.orchestrator.start(session, StaySaga, StayData(), subject_key="12")

    platform.request("desk", start, told="takes a guest in")


def told(platform: Platform) -> list[str]:
    return [f"{one.who}: {one.what}" for one in platform.timeline.moments]


def state_of(platform: Platform) -> SagaState:
    (saga,) = platform["desk"].sagas
    return saga.state


def test_participants_answer_what_they_are_told(hotel: Participant, bank: Participant) -> None:
    hotel.on(Reserve).reply(lambda sent: Reserved(room=sent.room))
    with platform_of(DESK, hotel, bank) as platform:
        stay(platform)
        platform.run()
        assert told(platform) == [
            "desk: takes a guest in: → Reserve",
            "hotel-service: takes Reserve: → Reserved",
            "desk: takes Reserved: → Pay",
            "bank-service: takes Pay: → Done",
            "desk: takes Done: the saga ends COMPLETED",
        ]


def test_a_refusal_sends_the_saga_back(hotel: Participant, bank: Participant) -> None:
    hotel.on(Reserve).refuse(Full())
    with platform_of(DESK, hotel, bank) as platform:
        stay(platform)
        platform.run()
        assert state_of(platform) is SagaState.COMPENSATED


def test_silence_is_waited_out_in_no_time(hotel: Participant, bank: Participant) -> None:
    hotel.on(Reserve).stay_silent()
    with platform_of(DESK, hotel, bank) as platform:
        began = platform.now
        stay(platform)
        platform.run()
        assert state_of(platform) is SagaState.COMPENSATED
        assert platform.now - began == seconds(10)


def test_silence_may_be_broken_at_the_next_attempt(hotel: Participant, bank: Participant) -> None:
    hotel.on(Reserve).reply(Reserved(room="12"))
    bank_that_sleeps = participant("bank")
    bank_that_sleeps.on(Pay).stay_silent(times=2).reply(Done())
    with platform_of(DESK, hotel, bank_that_sleeps) as platform:
        stay(platform)
        platform.run()
        assert state_of(platform) is SagaState.COMPLETED
        attempts = [one for one in platform["desk"].saga_log if one.kind is EntryKind.RETRY]
        assert len(attempts) == 2


def test_an_answer_may_take_hours(hotel: Participant) -> None:
    hotel.on(Reserve).reply(Reserved(room="12"))
    bank = participant("bank")
    bank.on(Pay).answer_after(hours(3), Done())
    with platform_of(DESK, hotel, bank) as platform:
        stay(platform)
        platform.advance(hours(2))
        assert state_of(platform) is SagaState.RUNNING
        platform.advance(hours(1))
        assert state_of(platform) is SagaState.COMPLETED


def test_an_answer_is_void_once_its_step_is_undone(hotel: Participant, bank: Participant) -> None:
    hotel.on(Reserve).answer_after(minutes(1), Reserved(room="12"))
    with platform_of(DESK, hotel, bank) as platform:
        stay(platform)
        platform.run()
        assert state_of(platform) is SagaState.COMPENSATED
        assert not any("Reserved" in line for line in told(platform))


def test_a_failure_is_tried_again_by_the_consumer(hotel: Participant, bank: Participant) -> None:
    hotel.on(Reserve).fail(times=4).reply(Reserved(room="12"))
    with platform_of(DESK, hotel, bank) as platform:
        stay(platform)
        platform.run()
        assert state_of(platform) is SagaState.COMPLETED
        assert "told to fail" in told(platform)[1]


def test_what_nobody_was_told_about_waits_and_is_seen(
    hotel: Participant, bank: Participant
) -> None:
    with platform_of(DESK, hotel, bank) as platform:
        stay(platform)
        platform.advance(seconds(5))
        assert platform.in_flight == ["hotel.Reserve.v1 waits in hotel-service: unknown-type"]


def test_operators_move_sagas_of_twins(hotel: Participant) -> None:
    hotel.on(Reserve).reply(Reserved(room="12"))
    bank = participant("bank")
    bank.on(Pay).stay_silent()

    async def skip(session: AsyncSession, desk: RunningService) -> None:
        (saga,) = desk.sagas
        move = Intervened(Intervention.SKIP, "paid in cash", "ada")
        await desk.orchestrator.intervene(session, saga.saga_id, move)

    with platform_of(DESK, hotel, bank) as platform:
        stay(platform)
        platform.advance(hours(13))
        assert state_of(platform) is SagaState.NEEDS_ATTENTION
        platform.request("desk", skip, told="an operator skips it")
        platform.run()
        assert state_of(platform) is SagaState.COMPLETED
        again = platform.request("desk", skip, refusals=(InterventionRefusedError,))
        platform.run()
        assert isinstance(again.error, InterventionRefusedError)


def test_a_run_repeats_to_the_last_id(hotel: Participant, bank: Participant) -> None:
    hotel.on(Reserve).reply(Reserved(room="12"))

    def run() -> tuple[list[str], Any]:
        with platform_of(DESK, hotel, bank) as platform:
            stay(platform)
            platform.run()
            return told(platform), (platform["desk"].sagas, new_id())

    assert run() == run()


async def guests(session: AsyncSession, _desk: RunningService) -> None:
    session.add(Guest(name="Ada"))


LIMITS: dict[str, tuple[Any, str]] = {
    "joins": (
        lambda session: session.scalars(select(Guest).join(aliased(Guest), true())),
        "selects one entity",
    ),
    "expressions": (
        lambda session: session.scalars(select(func.count()).select_from(Guest)),
        "selects one entity",
    ),
    "conditions": (
        lambda session: session.scalars(select(Guest).where(func.lower(Guest.name) == "ada")),
        "does not understand",
    ),
    "SQL": (lambda session: session.execute(text("SELECT 1")), "executes selects of entities"),
    "waiting": (lambda _session: asyncio.sleep(1), "waits for something real"),
}


@pytest.mark.parametrize("name", LIMITS)
def test_what_twins_cannot_do_they_say(name: str, hotel: Participant) -> None:
    use, sentence = LIMITS[name]

    async def do(session: AsyncSession, _desk: RunningService) -> None:
        await use(session)

    with platform_of(DESK, hotel) as platform:
        platform.given("desk", guests)
        platform.request("desk", do)
        with pytest.raises(TwinLimitError, match=sentence):
            platform.run()


def test_what_a_transaction_changes_is_not_shared_before_it_commits(hotel: Participant) -> None:
    async def stay_longer(session: AsyncSession, desk: RunningService) -> int:
        (await session.get_one(Guest, "Ada")).nights = 3
        await session.flush()
        return desk.all(Guest)[0].nights

    with platform_of(DESK, hotel) as platform:
        platform.given("desk", guests)
        platform.request("desk", stay_longer)
        platform.run()
        (guest,) = platform["desk"].all(Guest)
        assert guest.nights == 3


WITHOUT_TWINS = {
    "chassis.consumers.late.PENDING": "operators and pages read it",
    "chassis.locks.statements.RELEASE_WHOEVER_HOLDS": "operators'",
    "chassis.flows.statements.PRUNE": "the monitor's",
    "chassis.flows.statements.SURVEY": "the monitor's",
    "chassis.flows.statements.OPEN": "pages read it",
    "chassis.flows.statements.ABOUT": "pages read it",
    "chassis.flows.statements._SHOWN": "a part of others",
}


def test_every_statement_of_what_handlers_run_has_a_twin() -> None:
    """Whoever adds one gives it a twin, or says here why no run needs one."""
    found = {
        f"{module.__name__}.{constant}": sql
        for package in (chassis.consumers, chassis.flows, chassis.locks, chassis.outbox)
        for one in iter_modules(package.__path__, f"{package.__name__}.")
        for module in (import_module(one.name),)
        for constant, sql in vars(module).items()
        if constant.isupper() and isinstance(sql, str) and SQL.match(sql)
    }
    without = {name for name, sql in found.items() if sql not in CHASSIS}
    assert len(found) > 15
    assert without <= WITHOUT_TWINS.keys(), (
        "give it a function in chassis/testing/twins/statements, and a step in "
        "test_twins_conform.py"
    )
