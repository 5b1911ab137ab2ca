"""The crash harness over a small saga: right, it passes; with a piece missing, it is found out."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis.consumers.handlers import handle
from chassis.messaging.contracts import Command, Event, Refusal, Reply
from chassis.messaging.topology import (
    Channel,
    Consumer,
    ServiceTopology,
    Stream,
    commands,
    events,
    replies,
)
from chassis.outbox.publishing import publish
from chassis.persistence.loading import load
from chassis.sagas import PIVOT, RETRIABLE, Saga, command, local, minutes, seconds
from chassis.testing.crashes import BEYOND_GUARANTEES, GUARANTEED, CrashFoundError, CrashHarness
from chassis.testing.twins import Limits, Parts, Platform, RunningService, ServiceTwin

PRICE = 30


class Base(DeclarativeBase):
    """The tables of three services."""


class Ticket(Base):
    __tablename__ = "tickets"
    ticket_id: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(default="OPEN")


class Seats(Base):
    __tablename__ = "seats"
    show: Mapped[str] = mapped_column(primary_key=True)
    free: Mapped[int]


class Account(Base):
    __tablename__ = "accounts"
    owner: Mapped[str] = mapped_column(primary_key=True)
    balance: Mapped[int]


class Fans(Base):
    __tablename__ = "fans"
    show: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int]


class HoldSeat(Command, type="theatre.HoldSeat.v1", key="show"):
    show: str


class FreeSeat(Command, type="theatre.FreeSeat.v1", key="show"):
    show: str


class Charge(Command, type="bank.Charge.v1", key="owner"):
    owner: str


class TicketSold(Event, type="desk.TicketSold.v1", key="ticket_id"):
    ticket_id: str
    show: str


class Done(Reply, type="any.Done.v1"):
    pass


class No(Refusal, type="any.No.v1"):
    pass


class TicketData(BaseModel):
    model_config = ConfigDict(frozen=True)

    ticket_id: str
    show: str = "Hamlet"
    owner: str = "Ada"


async def open_ticket(data: TicketData, session: AsyncSession) -> None:
    session.add(Ticket(ticket_id=data.ticket_id))


async def void_ticket(data: TicketData, session: AsyncSession) -> None:
    (await session.get_one(Ticket, data.ticket_id)).state = "VOID"


async def sell_ticket(data: TicketData, session: AsyncSession) -> None:
    (await session.get_one(Ticket, data.ticket_id)).state = "SOLD"
    publish(session, TicketSold(ticket_id=data.ticket_id, show=data.show))


def hold_seat(data: TicketData) -> HoldSeat:
    return HoldSeat(show=data.show)


def free_seat(data: TicketData) -> FreeSeat:
    return FreeSeat(show=data.show)


def charge(data: TicketData) -> Charge:
    return Charge(owner=data.owner)


class BuyTicketSaga(Saga[TicketData], type="BuyTicket", version=1):
    deadline = minutes(30)
    steps = (
        local(open_ticket, compensation=void_ticket),
        command(hold_seat, compensation=free_seat, timeout=seconds(10)),
        command(charge, kind=PIVOT),
        local(sell_ticket, kind=RETRIABLE),
    )


class ForgetfulSaga(Saga[TicketData], type="Forgetful", version=1):
    """Holds a seat, and never gives it back."""

    steps = (
        local(open_ticket, compensation=void_ticket),
        command(hold_seat, timeout=seconds(10)),
        command(charge, kind=PIVOT),
        local(sell_ticket, kind=RETRIABLE),
    )


async def hold(message: HoldSeat, session: AsyncSession) -> Done | No:
    seats = await session.get_one(Seats, message.show)
    if seats.free == 0:
        return No()
    seats.free -= 1
    return Done()


async def free(message: FreeSeat, session: AsyncSession) -> Done:
    (await session.get_one(Seats, message.show)).free += 1
    return Done()


async def pay(message: Charge, session: AsyncSession) -> Done | No:
    account = await session.get_one(Account, message.owner)
    if account.balance < PRICE:
        return No()
    account.balance -= PRICE
    return Done()


async def count(message: TicketSold, session: AsyncSession) -> None:
    (await session.get_one(Fans, message.show)).number += 1


LETTERS: list[str] = []


async def pay_and_write(message: Charge, session: AsyncSession) -> Done | No:
    """Not idempotent: the letter is sent whatever becomes of the transaction."""
    LETTERS.append(message.owner)
    return await pay(message, session)


_SEATS = load(Seats, by=lambda message: message.show)


def desk(saga: Any = BuyTicketSaga) -> ServiceTwin:
    return ServiceTwin(
        topology=ServiceTopology(
            service="desk",
            context="desk",
            streams=(Stream(channel=replies("desk")), Stream(channel=events("desk"))),
            consumers=(Consumer(service="desk", channel=replies("desk")),),
            sends_to=(commands("theatre"), commands("bank")),
        ),
        parts=Parts(sagas=(saga,)),
    )


def taker(context: str, *handlers: Any) -> ServiceTwin:
    return listener(context, commands(context), Parts(commands=handlers))


def listener(
    context: str, channel: Channel, parts: Parts, names: Sequence[str] = ()
) -> ServiceTwin:
    return ServiceTwin(
        topology=ServiceTopology(
            service=context,
            context=context,
            consumers=(Consumer(service=context, channel=channel, names=tuple(names)),),
            sends_to=(replies("desk"),),
        ),
        parts=parts,
    )


THEATRE = taker(
    "theatre", handle(HoldSeat, hold, loads=(_SEATS,)), handle(FreeSeat, free, loads=(_SEATS,))
)
BANK = taker("bank", handle(Charge, pay))
CLUB = listener("club", events("desk"), Parts(events=(handle(TicketSold, count),)), ["TicketSold"])


def opened(platform: Platform, *, balance: int = PRICE) -> None:
    async def seats(session: AsyncSession, _service: RunningService) -> None:
        session.add(Seats(show="Hamlet", free=2))

    async def account(session: AsyncSession, _service: RunningService) -> None:
        session.add(Account(owner="Ada", balance=balance))

    async def nobody(session: AsyncSession, _service: RunningService) -> None:
        session.add(Fans(show="Hamlet", number=0))

    LETTERS.clear()
    platform.given("theatre", seats)
    platform.given("bank", account)
    platform.given("club", nobody)


def buy(platform: Platform, ticket_id: str = "first", saga: Any = BuyTicketSaga) -> None:
    async def sell(session: AsyncSession, desk: RunningService) -> None:
        data = TicketData(ticket_id=ticket_id)
        await desk.orchestrator.start(session, saga, data, subject_key=ticket_id)

    platform.request("desk", sell, told=f"sells the {ticket_id} ticket")


def buy_two(platform: Platform) -> None:
    """Ada buys two tickets and has money for one."""
    buy(platform, "first")
    buy(platform, "second")


def sold_is_paid_and_seated(platform: Platform, *, balance: int = PRICE) -> None:
    sold = [one for one in platform["desk"].all(Ticket) if one.state == "SOLD"]
    (seats,), (account,) = platform["theatre"].all(Seats), platform["bank"].all(Account)
    assert seats.free == 2 - len(sold), f"{len(sold)} tickets are sold, and {seats.free} of 2 free"
    paid = balance - account.balance
    assert paid == PRICE * len(sold), f"{len(sold)} tickets are sold, and {paid} is paid"
    (fans,) = platform["club"].all(Fans)
    assert fans.number == len(sold), f"{len(sold)} tickets are sold, and {fans.number} fans counted"


def one_letter_a_payment(platform: Platform) -> None:
    assert len(LETTERS) == 2, f"{len(LETTERS)} letters about 2 tickets"


def harness(*services: ServiceTwin, **options: Any) -> CrashHarness:
    return CrashHarness(
        services=services or (desk(), THEATRE, BANK, CLUB),
        **{
            "given": opened,
            "start": buy_two,
            "invariant": sold_is_paid_and_seated,
            **options,
        },
    )


def test_a_saga_that_is_right_bears_every_single_fault() -> None:
    report = harness().check_every_single_fault()
    kinds = {kind.value: count for kind, count in report.runs_by_fault.items()}
    assert kinds == {
        "kill before commit": report.transactions,
        "kill after commit": report.transactions,
        "kill before publication": report.publications,
        "kill after publication": report.publications,
        "duplicate": report.deliveries,
        "reorder": report.deliveries,
        "delay past time-out": report.deliveries,
    }
    assert (report.transactions, report.publications, report.deliveries) == (13, 11, 11)


def test_it_bears_several_faults_at_once() -> None:
    assert harness().check_random_faults(examples=60).runs >= 60


def test_messages_in_one_batch_bear_it_together() -> None:
    together = harness(limits=Limits(batch=5))
    calm = together.check_without_faults()
    assert "bank takes Charge, Charge" in calm.transactions
    together.check_every_single_fault()
    together.check_random_faults(examples=30)


def test_the_barrier_bears_even_what_the_relay_excludes() -> None:
    harness(faults=(*GUARANTEED, *BEYOND_GUARANTEES)).check_every_single_fault()
    harness(faults=BEYOND_GUARANTEES).check_random_faults(examples=30)


MUTATIONS: dict[str, tuple[CrashHarness, str]] = {
    "a participant without the barrier": (
        harness(
            desk(),
            THEATRE,
            replace(BANK, barrier=False),
            CLUB,
            given=partial(opened, balance=3 * PRICE),
            start=buy,
            invariant=partial(sold_is_paid_and_seated, balance=3 * PRICE),
        ),
        "delay past time-out",
    ),
    "a barrier missing where an action comes after its compensation": (
        harness(
            desk(),
            replace(THEATRE, barrier=False),
            BANK,
            CLUB,
            start=buy,
            faults=BEYOND_GUARANTEES,
        ),
        "overtake within its key",
    ),
    "a saga without a compensation": (
        harness(desk(ForgetfulSaga), THEATRE, BANK, CLUB, start=partial(buy, saga=ForgetfulSaga)),
        "delay past time-out",
    ),
    "a service without inbox": (
        harness(desk(), THEATRE, BANK, replace(CLUB, inbox=False), start=buy),
        "duplicate",
    ),
    "a handler that acts outside its transaction": (
        harness(
            desk(),
            THEATRE,
            taker("bank", handle(Charge, pay_and_write)),
            CLUB,
            invariant=one_letter_a_payment,
        ),
        "kill before commit",
    ),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_what_is_missing_is_found_by_a_single_fault(name: str) -> None:
    broken, fault = MUTATIONS[name]
    broken.check_without_faults()
    with pytest.raises(CrashFoundError, match=fault):
        broken.check_every_single_fault()


@pytest.mark.parametrize("name", MUTATIONS)
def test_what_is_missing_is_found_by_chance_and_its_story_is_short(name: str) -> None:
    broken, _ = MUTATIONS[name]
    with pytest.raises(CrashFoundError) as found:
        broken.check_random_faults(examples=100)
    story = str(found.value)
    assert "with 1 fault:" in story, story
    assert len(story.splitlines()) < 30, story
