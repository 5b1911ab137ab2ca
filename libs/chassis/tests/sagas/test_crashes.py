"""Groups, sub-sagas and notifications among twins, with everything going wrong that can.

An evening out: the cloakroom is told, seat and table are reserved at the same time, paying is a
saga of its own, then the theatre prints the ticket, which it may refuse.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis.consumers.handlers import handle
from chassis.messaging.contracts import Command, Refusal, Reply
from chassis.messaging.topology import Consumer, ServiceTopology, Stream, commands, replies
from chassis.sagas import (
    PIVOT,
    RETRIABLE,
    InterventionRefusedError,
    Saga,
    command,
    local,
    minutes,
    notify,
    parallel,
    sub_saga,
)
from chassis.testing.crashes import CrashHarness
from chassis.testing.twins import Parts, Platform, RunningService, ServiceTwin

PLACES = 2


class Base(DeclarativeBase):
    """The tables of all services."""


class Evening(Base):
    __tablename__ = "evenings"
    name: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(default="OPEN")


class Stock(Base):
    """How much there is left of something: seats, tables, money, tickets, greetings."""

    __tablename__ = "stocks"
    what: Mapped[str] = mapped_column(primary_key=True)
    left: Mapped[int]


class HoldSeat(Command, type="theatre.HoldSeat.v1", key="what"):
    what: str = "seat"


class FreeSeat(Command, type="theatre.FreeSeat.v1", key="what"):
    what: str = "seat"


class PrintTicket(Command, type="theatre.PrintTicket.v1", key="what"):
    what: str = "ticket"


class HoldTable(Command, type="restaurant.HoldTable.v1", key="what"):
    what: str = "table"


class FreeTable(Command, type="restaurant.FreeTable.v1", key="what"):
    what: str = "table"


class KeepCloak(Command, type="theatre.KeepCloak.v1", key="what"):
    what: str = "cloak"


class ForgetCloak(Command, type="theatre.ForgetCloak.v1", key="what"):
    what: str = "cloak"


class Greet(Command, type="restaurant.Greet.v1", key="what"):
    what: str = "greeting"


class HoldMoney(Command, type="bank.HoldMoney.v1", key="what"):
    what: str = "held"


class ReleaseMoney(Command, type="bank.ReleaseMoney.v1", key="what"):
    what: str = "held"


class TakeMoney(Command, type="bank.TakeMoney.v1", key="what"):
    what: str = "money"


class PayBack(Command, type="bank.PayBack.v1", key="what"):
    what: str = "money"


class Done(Reply, type="any.Done.v1"):
    pass


class No(Refusal, type="any.No.v1"):
    pass


class EveningData(BaseModel):
    model_config = ConfigDict(frozen=True)
    name: str


async def begin(data: EveningData, session: AsyncSession) -> None:
    session.add(Evening(name=data.name))


async def call_off(data: EveningData, session: AsyncSession) -> None:
    (await session.get_one(Evening, data.name)).state = "OFF"


async def enjoy(data: EveningData, session: AsyncSession) -> None:
    (await session.get_one(Evening, data.name)).state = "ON"


def hold_seat(_data: EveningData) -> HoldSeat:
    return HoldSeat()


def free_seat(_data: EveningData) -> FreeSeat:
    return FreeSeat()


def hold_table(_data: EveningData) -> HoldTable:
    return HoldTable()


def free_table(_data: EveningData) -> FreeTable:
    return FreeTable()


def hold_money(_data: EveningData) -> HoldMoney:
    return HoldMoney()


def release_money(_data: EveningData) -> ReleaseMoney:
    return ReleaseMoney()


def take_money(_data: EveningData) -> TakeMoney:
    return TakeMoney()


def pay(data: EveningData) -> EveningData:
    return data


def pay_back(_data: EveningData) -> PayBack:
    return PayBack()


def print_ticket(_data: EveningData) -> PrintTicket:
    return PrintTicket()


def keep_cloak(_data: EveningData) -> KeepCloak:
    return KeepCloak()


def forget_cloak(_data: EveningData) -> ForgetCloak:
    return ForgetCloak()


def greet(_data: EveningData) -> Greet:
    return Greet()


class PaymentSaga(Saga[EveningData], type="Payment", version=1):
    steps = (
        command(hold_money, compensation=release_money),
        command(take_money, kind=PIVOT),
    )


class EveningSaga(Saga[EveningData], type="Evening", version=1):
    deadline = minutes(30)
    steps = (
        local(begin, compensation=call_off),
        notify(keep_cloak, compensation=forget_cloak),
        parallel(
            command(hold_seat, compensation=free_seat),
            command(hold_table, compensation=free_table),
            name="reserve",
        ),
        sub_saga(PaymentSaga, data=pay, compensation=pay_back),
        command(print_ticket, kind=PIVOT),
        notify(greet, kind=RETRIABLE),
        local(enjoy, kind=RETRIABLE),
    )


async def take(message: Any, session: AsyncSession) -> Done | No:
    stock = await session.get_one(Stock, message.what)
    if stock.left == 0:
        return No()
    stock.left -= 1
    return Done()


async def hear(message: Any, session: AsyncSession) -> None:
    await take(message, session)


async def forget(message: Any, session: AsyncSession) -> None:
    await put_back(message, session)


async def put_back(message: Any, session: AsyncSession) -> Done:
    (await session.get_one(Stock, message.what)).left += 1
    return Done()


async def return_payment(_message: PayBack, session: AsyncSession) -> Done:
    for what in ("held", "money"):
        (await session.get_one(Stock, what)).left += 1
    return Done()


def orchestrator() -> ServiceTwin:
    return ServiceTwin(
        topology=ServiceTopology(
            service="desk",
            context="desk",
            streams=(Stream(channel=replies("desk")),),
            consumers=(Consumer(service="desk", channel=replies("desk")),),
            sends_to=(*map(commands, ("theatre", "restaurant", "bank")), replies("desk")),
        ),
        parts=Parts(sagas=(EveningSaga, PaymentSaga)),
    )


def participant(context: str, *handlers: Any) -> ServiceTwin:
    return ServiceTwin(
        topology=ServiceTopology(
            service=context,
            context=context,
            consumers=(Consumer(service=context, channel=commands(context)),),
            sends_to=(replies("desk"),),
        ),
        parts=Parts(commands=handlers),
    )


SERVICES = (
    orchestrator(),
    participant(
        "theatre",
        handle(HoldSeat, take),
        handle(FreeSeat, put_back),
        handle(PrintTicket, take),
        handle(KeepCloak, hear),
        handle(ForgetCloak, forget),
    ),
    participant(
        "restaurant", handle(HoldTable, take), handle(FreeTable, put_back), handle(Greet, hear)
    ),
    participant(
        "bank",
        handle(HoldMoney, take),
        handle(ReleaseMoney, put_back),
        handle(TakeMoney, take),
        handle(PayBack, return_payment),
    ),
)
STOCKS = {
    "theatre": ("seat", "ticket", "cloak"),
    "restaurant": ("table", "greeting"),
    "bank": ("held", "money"),
}


def stocked(platform: Platform, **scarce: int) -> None:
    """There is enough of everything but what is said."""
    for service, kinds in STOCKS.items():

        async def fill(
            session: AsyncSession, _service: RunningService, kinds: tuple[str, ...] = kinds
        ) -> None:
            for what in kinds:
                session.add(Stock(what=what, left=scarce.get(what, PLACES)))

        platform.given(service, fill)


def go_out(platform: Platform, name: str = "first") -> None:
    async def start(session: AsyncSession, desk: RunningService) -> None:
        data = EveningData(name=name)
        await desk.orchestrator.start(session, EveningSaga, data, subject_key=name)

    platform.request("desk", start, told=f"plans the {name} evening")


def stay_at_home(platform: Platform) -> None:
    """The evening is planned, and called off as soon as possible."""
    go_out(platform)

    async def cancel(session: AsyncSession, desk: RunningService) -> None:
        for saga in desk.sagas:
            try:
                await desk.orchestrator.cancel(session, saga.saga_id, reason="tired")
            except InterventionRefusedError:
                continue

    platform.request("desk", cancel, told="calls all evenings off")


def all_agree(platform: Platform, **scarce: int) -> None:
    """Whatever is taken anywhere is taken for an evening that takes place."""
    held = sum(one.state == "ON" for one in platform["desk"].all(Evening))
    for service, kinds in STOCKS.items():
        left = {one.what: one.left for one in platform[service].all(Stock)}
        for what in kinds:
            taken = scarce.get(what, PLACES) - left[what]
            assert taken == held, f"{held} evenings take place, and {taken} {what} taken"


def harness(start: Callable[[Platform], None] = go_out, **scarce: int) -> CrashHarness:
    return CrashHarness(
        services=SERVICES,
        given=partial(stocked, **scarce),
        start=start,
        invariant=partial(all_agree, **scarce),
    )


def test_an_evening_takes_place_whatever_single_thing_goes_wrong() -> None:
    report = harness().check_every_single_fault()

    assert report.runs > report.transactions


def test_a_table_that_is_refused_gives_the_seat_back_whatever_goes_wrong() -> None:
    harness(table=0).check_every_single_fault()


def test_a_payment_that_is_undone_undoes_the_evening_whatever_goes_wrong() -> None:
    harness(money=0).check_every_single_fault()


def test_a_payment_that_is_done_is_paid_back_whatever_goes_wrong() -> None:
    harness(ticket=0).check_every_single_fault()


def test_an_evening_that_is_called_off_early_leaves_nothing_behind() -> None:
    harness(stay_at_home).check_every_single_fault()


def test_several_things_may_go_wrong_at_once() -> None:
    for scarce in ({}, {"table": 0}, {"money": 0}, {"ticket": 0}):
        harness(**scarce).check_random_faults(examples=15)
    harness(stay_at_home).check_random_faults(examples=15)
