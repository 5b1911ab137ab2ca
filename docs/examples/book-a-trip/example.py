"""A saga of two services, on a real NATS server and a real PostgreSQL: `python example.py`."""

import asyncio
from functools import partial

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.consumers.handlers import handle
from chassis.messaging.contracts import Command, Refusal, Reply
from chassis.messaging.topology import Consumer, ServiceTopology, Stream, commands, replies
from chassis.sagas import PIVOT, Saga, command, local, saga_history
from chassis.service import Service
from devkit.eventually import eventually
from devkit.one_process import OneProcess


class BookSeats(Command, type="flights.BookSeats.v1", key="trip"):
    trip: str
    seats: int


class SeatsBooked(Reply, type="flights.SeatsBooked.v1"): ...


class FullyBooked(Refusal, type="flights.FullyBooked.v1"): ...


async def handle_book_seats(message: BookSeats, _: AsyncSession) -> SeatsBooked | FullyBooked:
    return SeatsBooked() if message.seats <= 4 else FullyBooked()


class Trip(BaseModel, frozen=True):
    name: str
    seats: int


async def plan(trip: Trip, _: AsyncSession) -> None:
    print(f"{trip.name}: planned")


async def call_off(trip: Trip, _: AsyncSession) -> None:
    print(f"{trip.name}: called off")


def book_seats(trip: Trip) -> BookSeats:
    return BookSeats(trip=trip.name, seats=trip.seats)


class BookTripSaga(Saga[Trip], type="BookTrip", version=1):
    steps = (local(plan, compensation=call_off), command(book_seats, kind=PIVOT))


TRAVEL = ServiceTopology(
    service="travel",
    context="travel",
    streams=(Stream(channel=replies("travel")),),
    consumers=(Consumer(service="travel", channel=replies("travel")),),
    sends_to=(commands("flights"),),
)
FLIGHTS = ServiceTopology(
    service="flights",
    context="flights",
    streams=(Stream(channel=commands("flights")),),
    consumers=(Consumer(service="flights", channel=commands("flights")),),
    sends_to=(replies("travel"),),
)


async def story(travel: Service, trip: Trip) -> list[str]:
    async with travel.database.sessions() as session:
        [saga] = await saga_history(session, trip.name)
    steps = [" ".join(filter(None, (one.step, one.kind, one.detail))) for one in saga.steps]
    return [*steps, saga.state] if saga.state.is_ended else []


async def main() -> None:
    async with OneProcess() as platform:
        travel, flights = await platform.service(TRAVEL), await platform.service(FLIGHTS)
        sagas = travel.orchestrate(BookTripSaga)
        flights.handle_commands((handle(BookSeats, handle_book_seats),))
        await platform.start()
        for trip in (Trip(name="Bergen", seats=2), Trip(name="Oslo", seats=9)):
            async with travel.database.sessions.begin() as session:
                await sagas.start(session, BookTripSaga, trip, subject_key=trip.name)
            print(*await eventually(partial(story, travel, trip)), sep="\n  ")


asyncio.run(main())
