"""A holiday trip, the saga that these tests move; the orchestrating service owns the trips."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel, ConfigDict
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis.consumers.batch import BatchRunner
from chassis.consumers.incoming import Incoming
from chassis.consumers.policy import RetryPolicy
from chassis.messaging.contracts import Command, Refusal, Reply
from chassis.messaging.envelope import Outcome, OutgoingMessage, ReceivedMessage
from chassis.messaging.topology import ServiceTopology, Stream, commands, replies
from chassis.outbox.outbox import Outbox
from chassis.outbox.poke import no_poke
from chassis.persistence.database import Database
from chassis.persistence.loading import load
from chassis.persistence.tables import METADATA
from chassis.sagas import (
    PIVOT,
    RETRIABLE,
    Retry,
    Saga,
    SagaHistory,
    SagaOrchestrator,
    command,
    local,
    minutes,
    notify,
    parallel,
    saga_history,
    seconds,
    sub_saga,
)


class Base(DeclarativeBase):
    """The service's own tables."""


class Trip(Base):
    __tablename__ = "trips"
    trip_id: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str]


class TripData(BaseModel):
    model_config = ConfigDict(frozen=True)

    trip_id: str
    wants_car: bool = True
    seat: str | None = None
    reason: str | None = None


class BookFlight(Command, type="flight.BookFlight.v1", key="trip_id"):
    trip_id: str


class CancelFlight(Command, type="flight.CancelFlight.v1", key="trip_id"):
    trip_id: str


class BookCar(Command, type="car.BookCar.v1", key="trip_id"):
    trip_id: str


class CancelCar(Command, type="car.CancelCar.v1", key="trip_id"):
    trip_id: str


class ChargeCard(Command, type="card.ChargeCard.v1", key="trip_id"):
    trip_id: str


class CheckPassport(Command, type="border.CheckPassport.v1", key="trip_id"):
    trip_id: str


class SendVoucher(Command, type="car.SendVoucher.v1", key="trip_id"):
    trip_id: str


class HoldAmount(Command, type="card.HoldAmount.v1", key="trip_id"):
    trip_id: str


class ReleaseAmount(Command, type="card.ReleaseAmount.v1", key="trip_id"):
    trip_id: str


class PayBack(Command, type="card.PayBack.v1", key="trip_id"):
    trip_id: str


class SendReceipt(Command, type="card.SendReceipt.v1", key="trip_id"):
    trip_id: str


class AnnounceTrip(Command, type="flight.AnnounceTrip.v1", key="trip_id"):
    trip_id: str


class WithdrawTrip(Command, type="flight.WithdrawTrip.v1", key="trip_id"):
    trip_id: str


class SendPostcard(Command, type="flight.SendPostcard.v1", key="trip_id"):
    trip_id: str


class SendTicket(Command, type="flight.SendTicket.v1", key="trip_id"):
    trip_id: str


class Done(Reply, type="any.Done.v1"):
    pass


class Refused(Refusal, type="any.Refused.v1"):
    pass


class FlightBooked(Reply, type="flight.FlightBooked.v1"):
    seat: str


class NoSeat(Refusal, type="flight.NoSeat.v1"):
    pass


class CardDeclined(Refusal, type="card.CardDeclined.v1"):
    pass


async def open_trip(data: TripData, session: AsyncSession) -> None:
    session.add(Trip(trip_id=data.trip_id, state="OPEN"))


async def cancel_trip(data: TripData, session: AsyncSession) -> None:
    (await session.get_one(Trip, data.trip_id)).state = f"CANCELLED: {data.reason}"


def book_flight(data: TripData) -> BookFlight:
    return BookFlight(trip_id=data.trip_id)


def cancel_flight(data: TripData) -> CancelFlight:
    return CancelFlight(trip_id=data.trip_id)


def book_car(data: TripData) -> BookCar:
    return BookCar(trip_id=data.trip_id)


def cancel_car(data: TripData) -> CancelCar:
    return CancelCar(trip_id=data.trip_id)


def charge_card(data: TripData) -> ChargeCard:
    return ChargeCard(trip_id=data.trip_id)


def send_ticket(data: TripData) -> SendTicket:
    return SendTicket(trip_id=data.trip_id)


def check_passport(data: TripData) -> CheckPassport:
    return CheckPassport(trip_id=data.trip_id)


def send_voucher(data: TripData) -> SendVoucher:
    return SendVoucher(trip_id=data.trip_id)


def announce_trip(data: TripData) -> AnnounceTrip:
    return AnnounceTrip(trip_id=data.trip_id)


def withdraw_trip(data: TripData) -> WithdrawTrip:
    return WithdrawTrip(trip_id=data.trip_id)


def send_postcard(data: TripData) -> SendPostcard:
    return SendPostcard(trip_id=data.trip_id)


async def close_trip(data: TripData, session: AsyncSession) -> None:
    (await session.get_one(Trip, data.trip_id)).state = "CLOSED"


def note_seat(data: TripData, reply: FlightBooked) -> TripData:
    return data.model_copy(update={"seat": reply.seat})


def note_no_seat(data: TripData, _refusal: NoSeat) -> TripData:
    return data.model_copy(update={"reason": "NO_SEAT"})


def note_declined(data: TripData, _refusal: CardDeclined) -> TripData:
    return data.model_copy(update={"reason": "DECLINED"})


def note_timed_out(data: TripData) -> TripData:
    return data.model_copy(update={"reason": "TIMED_OUT"})


def note_cancelled(data: TripData) -> TripData:
    return data.model_copy(update={"reason": "CANCELLED"})


def wants_car(data: TripData) -> bool:
    return data.wants_car


PATIENCE = Retry(first=seconds(1), factor=2, attempts=3)
TRIP = load(Trip, by=lambda data: data.trip_id)


class TripSaga(Saga[TripData], type="Trip", version=1):
    deadline = minutes(1)
    on_timeout = note_timed_out
    on_cancel = note_cancelled
    steps = (
        local(open_trip, compensation=cancel_trip, loads=(TRIP,)),
        command(
            book_flight,
            compensation=cancel_flight,
            timeout=seconds(10),
            retry=PATIENCE,
            replies={FlightBooked: note_seat},
            refusals={NoSeat: note_no_seat},
        ),
        command(book_car, compensation=cancel_car, when=wants_car, retry=PATIENCE),
        command(
            charge_card,
            kind=PIVOT,
            timeout=seconds(10),
            retry=PATIENCE,
            refusals={CardDeclined: note_declined},
        ),
        command(send_ticket, kind=RETRIABLE, timeout=seconds(10), retry=PATIENCE),
        local(close_trip, kind=RETRIABLE, loads=(TRIP,)),
    )


class BookTogetherSaga(Saga[TripData], type="BookTogether", version=1):
    """Flight and car are booked at the same time, ticket and voucher are sent at the same time."""

    deadline = minutes(1)
    on_timeout = note_timed_out
    on_cancel = note_cancelled
    steps = (
        local(open_trip, compensation=cancel_trip, loads=(TRIP,)),
        parallel(
            command(
                book_flight,
                compensation=cancel_flight,
                timeout=seconds(10),
                retry=PATIENCE,
                replies={FlightBooked: note_seat},
                refusals={NoSeat: note_no_seat},
            ),
            command(
                book_car,
                compensation=cancel_car,
                when=wants_car,
                timeout=seconds(20),
                retry=PATIENCE,
            ),
            command(check_passport, timeout=seconds(30)),
            name="book",
        ),
        command(charge_card, kind=PIVOT, retry=PATIENCE),
        parallel(
            command(send_ticket, kind=RETRIABLE, timeout=seconds(10), retry=PATIENCE),
            command(send_voucher, kind=RETRIABLE, timeout=seconds(20), retry=PATIENCE),
            name="send",
        ),
        local(close_trip, kind=RETRIABLE, loads=(TRIP,)),
    )


class PaymentData(BaseModel):
    model_config = ConfigDict(frozen=True)

    trip_id: str
    receipt: str | None = None


def charge(data: PaymentData) -> ChargeCard:
    return ChargeCard(trip_id=data.trip_id)


def hold_amount(data: PaymentData) -> HoldAmount:
    return HoldAmount(trip_id=data.trip_id)


def release_amount(data: PaymentData) -> ReleaseAmount:
    return ReleaseAmount(trip_id=data.trip_id)


def send_receipt(data: PaymentData) -> SendReceipt:
    return SendReceipt(trip_id=data.trip_id)


class PaymentSaga(Saga[PaymentData], type="Payment", version=1):
    """The amount is held, then charged, which is the pivot; then there is a receipt."""

    steps = (
        command(hold_amount, compensation=release_amount, retry=PATIENCE),
        command(charge, kind=PIVOT, retry=PATIENCE),
        command(send_receipt, kind=RETRIABLE, retry=PATIENCE),
    )


def pay(data: TripData) -> PaymentData:
    return PaymentData(trip_id=data.trip_id)


def pay_back(data: TripData) -> PayBack:
    return PayBack(trip_id=data.trip_id)


def note_receipt(data: TripData, payment: PaymentData) -> TripData:
    return data.model_copy(update={"reason": payment.receipt})


def note_unpaid(data: TripData, _payment: PaymentData) -> TripData:
    return data.model_copy(update={"reason": "UNPAID"})


class PaidTripSaga(Saga[TripData], type="PaidTrip", version=1):
    """Paying is a saga of its own; the ticket office is told, and answers nothing."""

    deadline = minutes(10)
    on_timeout = note_timed_out
    on_cancel = note_cancelled
    steps = (
        local(open_trip, compensation=cancel_trip, loads=(TRIP,)),
        notify(announce_trip, compensation=withdraw_trip),
        sub_saga(
            PaymentSaga,
            data=pay,
            compensation=pay_back,
            on_completed=note_receipt,
            on_compensated=note_unpaid,
        ),
        command(book_flight, compensation=cancel_flight, timeout=seconds(10)),
        notify(send_postcard, kind=RETRIABLE, when=wants_car),
    )


class NewTripSaga(Saga[TripData], type="Trip", version=2):
    steps = (local(open_trip), command(send_ticket))


class ForeignNoSeat(Refusal, type="flight.NoSeat.v1"):
    """Another copy of what the trip saga takes note of."""


class ForeignSaga(Saga[TripData], type="Foreign", version=1):
    steps = (command(book_flight, refusals={ForeignNoSeat: note_no_seat}),)


def hasty_saga(timeout: timedelta) -> type[Saga[TripData]]:
    """One that sends a command again and again, and never goes back."""

    class HastySaga(Saga[TripData], type="Hasty", version=1):
        steps = (
            local(open_trip),
            command(charge_card, kind=PIVOT, timeout=timeout, retry=Retry(first=minutes(1))),
            local(close_trip, kind=RETRIABLE, loads=(TRIP,)),
        )

    return HastySaga


TOPOLOGY = ServiceTopology(
    service="trip-service",
    context="trip",
    streams=(Stream(channel=replies("trip")),),
    sends_to=(
        commands("flight"),
        commands("car"),
        commands("card"),
        commands("border"),
        replies("trip"),
    ),
)


class Bench:
    """The orchestrating service with its database; the tests are its participants."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.outbox = Outbox(TOPOLOGY, no_poke)
        self.orchestrator = self.new_orchestrator(TripSaga)

    def new_orchestrator(self, *sagas: Any) -> SagaOrchestrator:
        """As another process has it."""
        return SagaOrchestrator(outbox=self.outbox, definitions=sagas, reply_to="trip.replies")

    async def start(self, trip_id: str, saga: Any = TripSaga, **data: Any) -> UUID:
        async with self.database.sessions.begin() as session:
            return await self.orchestrator.start(
                session, saga, TripData(trip_id=trip_id, **data), subject_key=trip_id
            )

    async def sent(self) -> list[ReceivedMessage]:
        """The commands in the outbox, in their order; they are taken out of it."""
        rows = await self.rows("SELECT headers, body FROM outbox ORDER BY id")
        await self.execute("DELETE FROM outbox")
        return [_as_received(headers, body) for headers, body in rows]

    async def sent_is(self, number: int) -> bool:
        """Whether so many commands are in the outbox."""
        return await self.rows("SELECT count(*) FROM outbox") == [(number,)]

    def answer(self, command: ReceivedMessage, reply: Reply) -> Incoming:
        """A participant's reply, as the orchestrating service receives it."""
        outgoing = OutgoingMessage(
            message=reply,
            key=str(command.saga.saga_id) if command.saga else command.correlation_id,
            correlation_id=command.correlation_id,
            causation_id=command.message_id,
            saga=command.saga,
            reply_to=command.reply_to,
            outcome=Outcome.of(reply),
        )
        return self.received(
            ReceivedMessage.read(
                dict(outgoing.headers("a-participant")), outgoing.message.to_body()
            )
        )

    def received(self, received: ReceivedMessage) -> Incoming:
        """A message on the orchestrating service's own reply channel."""
        return Incoming(
            subject="trip.replies.0",
            reply="",
            stream_sequence=1,
            inbox_id=received.message_id,
            received=received,
            malformed=None,
            raw_headers=dict(received.headers),
            body=received.body,
        )

    async def deliver(self, *answers: Incoming) -> bool:
        """Hand replies over, as the consumer does; returns whether any has to wait."""
        runner = BatchRunner(self.database, "trip-service", self.orchestrator, RetryPolicy())
        return await runner.run(answers)

    async def answer_all(self, reply: Reply) -> None:
        await self.deliver(*[self.answer(command, reply) for command in await self.sent()])

    async def history(self, trip_id: str) -> SagaHistory:
        async with self.database.sessions() as session:
            (history,) = await saga_history(session, trip_id)
        return history

    async def rows(self, sql: str) -> list[Any]:
        async with self.database.sessions() as session:
            return list((await session.execute(text(sql))).all())

    async def execute(self, sql: str) -> None:
        async with self.database.sessions.begin() as session:
            await session.execute(text(sql))


def _as_received(headers: bytes, body: bytes) -> ReceivedMessage:
    lines = headers.decode().split("\r\n")[1:-1]
    return ReceivedMessage.read(dict(line.split(": ", 1) for line in lines), body)


@asynccontextmanager
async def _service_database(url: str) -> AsyncIterator[Database]:
    database = Database(url)
    async with database.engine.begin() as connection:
        await connection.run_sync(METADATA.create_all)
        await connection.run_sync(Base.metadata.create_all)
    try:
        yield database
    finally:
        await database.close()


@pytest.fixture
async def bench(database: Any) -> AsyncIterator[Bench]:
    async with _service_database(database.url) as service_database:
        yield Bench(service_database)


@pytest.fixture
def open_bench() -> Callable[[str], AbstractAsyncContextManager[Bench]]:
    """For tests that bring a server of their own."""

    @asynccontextmanager
    async def open_(url: str) -> AsyncIterator[Bench]:
        async with _service_database(url) as service_database:
            yield Bench(service_database)

    return open_


@pytest.fixture
def trip() -> SimpleNamespace:
    """Everything that is declared above, by its name."""
    return SimpleNamespace(**globals())


@pytest.fixture
def data() -> Any:
    return TripData(trip_id="t-1")
