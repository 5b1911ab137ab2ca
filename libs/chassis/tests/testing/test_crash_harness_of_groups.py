"""The crash harness over a saga with a parallel group, a notification and a sub-saga."""

from functools import partial
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis.consumers.handlers import handle
from chassis.messaging.contracts import Command, Refusal, Reply
from chassis.messaging.topology import Consumer, ServiceTopology, Stream, commands, replies
from chassis.sagas import (
    PIVOT,
    RETRIABLE,
    Saga,
    SagaState,
    command,
    local,
    minutes,
    notify,
    parallel,
    seconds,
    sub_saga,
)
from chassis.testing.crashes import CrashFoundError, CrashHarness
from chassis.testing.twins import Parts, Platform, RunningService, ServiceTwin

CONTEXTS = ("flight", "hotel", "bank")


class Base(DeclarativeBase):
    """The tables of all services."""


class Trip(Base):
    __tablename__ = "trips"
    trip_id: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(default="OPEN")


class Shelf(Base):
    """What a participant has left to give."""

    __tablename__ = "shelves"
    name: Mapped[str] = mapped_column(primary_key=True)
    left: Mapped[int]


class TripData(BaseModel):
    model_config = ConfigDict(frozen=True)

    trip_id: str


class TripCommand(Command):
    trip_id: str


class Book(TripCommand, type="flight.Book.v1", key="trip_id"):
    pass


class Unbook(TripCommand, type="flight.Unbook.v1", key="trip_id"):
    pass


class Reserve(TripCommand, type="hotel.Reserve.v1", key="trip_id"):
    pass


class Release(TripCommand, type="hotel.Release.v1", key="trip_id"):
    pass


class Block(TripCommand, type="bank.Block.v1", key="trip_id"):
    pass


class Unblock(TripCommand, type="bank.Unblock.v1", key="trip_id"):
    pass


class Settle(TripCommand, type="bank.Settle.v1", key="trip_id"):
    pass


class Welcome(TripCommand, type="hotel.Welcome.v1", key="trip_id"):
    pass


class Done(Reply, type="any.Done.v1"):
    pass


class NothingLeft(Refusal, type="any.NothingLeft.v1"):
    pass


def book(data: TripData) -> Book:
    return Book(trip_id=data.trip_id)


def unbook(data: TripData) -> Unbook:
    return Unbook(trip_id=data.trip_id)


def reserve(data: TripData) -> Reserve:
    return Reserve(trip_id=data.trip_id)


def release(data: TripData) -> Release:
    return Release(trip_id=data.trip_id)


def block(data: TripData) -> Block:
    return Block(trip_id=data.trip_id)


def unblock(data: TripData) -> Unblock:
    return Unblock(trip_id=data.trip_id)


def settle(data: TripData) -> Settle:
    return Settle(trip_id=data.trip_id)


def welcome(data: TripData) -> Welcome:
    return Welcome(trip_id=data.trip_id)


def payment(data: TripData) -> TripData:
    return data


async def open_trip(data: TripData, session: AsyncSession) -> None:
    session.add(Trip(trip_id=data.trip_id))


async def cancel_trip(data: TripData, session: AsyncSession) -> None:
    (await session.get_one(Trip, data.trip_id)).state = "CANCELLED"


async def close_trip(data: TripData, session: AsyncSession) -> None:
    (await session.get_one(Trip, data.trip_id)).state = "BOOKED"


class PaymentSaga(Saga[TripData], type="Payment", version=1):
    steps = (
        command(block, compensation=unblock, timeout=seconds(10)),
        command(settle, kind=PIVOT),
    )


class TripSaga(Saga[TripData], type="Trip", version=1):
    deadline = minutes(30)
    steps = (
        local(open_trip, compensation=cancel_trip),
        parallel(
            command(book, compensation=unbook, timeout=seconds(10)),
            command(reserve, compensation=release, timeout=seconds(20)),
            name="places",
        ),
        sub_saga(PaymentSaga, data=payment, kind=PIVOT),
        notify(welcome, kind=RETRIABLE),
        local(close_trip, kind=RETRIABLE),
    )


class ForgetfulTripSaga(Saga[TripData], type="ForgetfulTrip", version=1):
    """Reserves a room, and never gives it back."""

    steps = (
        local(open_trip, compensation=cancel_trip),
        parallel(
            command(book, compensation=unbook, timeout=seconds(10)),
            command(reserve, timeout=seconds(20)),
            name="places",
        ),
        sub_saga(PaymentSaga, data=payment, kind=PIVOT),
        notify(welcome, kind=RETRIABLE),
        local(close_trip, kind=RETRIABLE),
    )


async def take(message: TripCommand, session: AsyncSession) -> Done | NothingLeft:
    shelf = await session.get_one(Shelf, message.context)
    if shelf.left == 0:
        return NothingLeft()
    shelf.left -= 1
    return Done()


async def give_back(message: TripCommand, session: AsyncSession) -> Done:
    (await session.get_one(Shelf, message.context)).left += 1
    return Done()


async def agree(message: TripCommand, session: AsyncSession) -> Done:
    return Done()


async def say_welcome(message: Welcome, session: AsyncSession) -> None:
    session.add(Trip(trip_id=f"welcome {message.trip_id}"))


def agency(saga: Any) -> ServiceTwin:
    topology = ServiceTopology(
        service="agency",
        context="agency",
        streams=(Stream(channel=replies("agency")),),
        consumers=(Consumer(service="agency", channel=replies("agency")),),
        sends_to=(*(commands(context) for context in CONTEXTS), replies("agency")),
    )
    return ServiceTwin(topology=topology, parts=Parts(sagas=(saga, PaymentSaga)))


def taker(context: str, **handlers: Any) -> ServiceTwin:
    topology = ServiceTopology(
        service=context,
        context=context,
        consumers=(Consumer(service=context, channel=commands(context)),),
        sends_to=(replies("agency"),),
    )
    table = [handle(message, function) for message, function in handlers.values()]
    return ServiceTwin(topology=topology, parts=Parts(commands=table))


FLIGHT = taker("flight", book=(Book, take), unbook=(Unbook, give_back))
HOTEL = taker(
    "hotel", reserve=(Reserve, take), release=(Release, give_back), welcome=(Welcome, say_welcome)
)
BANK = taker("bank", block=(Block, take), unblock=(Unblock, give_back), settle=(Settle, agree))


def stocked(platform: Platform, **left: int) -> None:
    for context in CONTEXTS:

        async def put(session: AsyncSession, service: RunningService) -> None:
            session.add(Shelf(name=service.name, left=left.get(service.name, 1)))

        platform.given(context, put)


def travel(platform: Platform, saga: Any = TripSaga) -> None:
    async def start(session: AsyncSession, agency: RunningService) -> None:
        await agency.orchestrator.start(session, saga, TripData(trip_id="t-1"), subject_key="t-1")

    platform.request("agency", start, told="books a trip")


def all_or_nothing(platform: Platform, **left: int) -> None:
    (trip,) = platform["agency"].all(Trip)
    for context in CONTEXTS:
        (shelf,) = platform[context].all(Shelf)
        taken = left.get(context, 1) - shelf.left
        assert taken == (trip.state == "BOOKED"), f"{trip.state}, and {taken} taken of {context}"
    welcomes = len(platform["hotel"].all(Trip))
    assert welcomes == (trip.state == "BOOKED"), f"{trip.state}, and {welcomes} welcomes"


def harness(saga: Any = TripSaga, **left: int) -> CrashHarness:
    return CrashHarness(
        services=(agency(saga), FLIGHT, HOTEL, BANK),
        given=partial(stocked, **left),
        start=partial(travel, saga=saga),
        invariant=partial(all_or_nothing, **left),
    )


@pytest.mark.parametrize(
    ("left", "states"),
    [
        ({}, {SagaState.COMPLETED}),
        ({"hotel": 0}, {SagaState.COMPENSATED}),
        ({"bank": 0}, {SagaState.COMPENSATED}),
    ],
    ids=["all is there", "the group is refused", "the sub-saga is refused"],
)
def test_groups_and_sub_sagas_bear_every_single_fault_and_several(
    left: dict[str, int], states: set[SagaState]
) -> None:
    calm = harness(**left).check_without_faults()
    assert any(f"ends {state}" in str(calm.timeline) for state in states)
    harness(**left).check_every_single_fault()
    harness(**left).check_random_faults(examples=40)


def test_a_compensation_missing_from_a_group_is_found() -> None:
    with pytest.raises(CrashFoundError, match="taken of hotel"):
        harness(ForgetfulTripSaga, bank=0).check_without_faults()
    with pytest.raises(CrashFoundError, match="with 1 fault"):
        harness(ForgetfulTripSaga).check_random_faults(examples=100)
