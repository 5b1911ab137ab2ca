"""Slots shared by several processes on one database."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from functools import partial

import asyncpg
import pytest

from chassis.leases import Leases, LeasesLostError
from devkit.embedded.postgres import Database
from devkit.eventually import eventually

pytestmark = pytest.mark.real

NewMember = Callable[..., Leases]


@pytest.fixture
async def new_member(database: Database) -> AsyncIterator[NewMember]:
    async with AsyncExitStack() as stack:

        def create(
            *,
            namespace: str = "test",
            slots: int = 8,
            on_loss: Callable[[], None] = lambda: None,
        ) -> Leases:
            leases = Leases(
                lambda: asyncpg.connect(database.url),
                namespace=namespace,
                slots=slots,
                on_loss=on_loss,
            )
            stack.push_async_callback(leases.close)
            return leases

        yield create


async def hand_over(giver: Leases, taker: Leases) -> None:
    await taker.review()
    await giver.release((await giver.review()).surplus)
    await taker.review()


async def kill_session(leases: Leases, database: Database) -> None:
    pid = leases.connection.get_server_pid()
    connection = await asyncpg.connect(database.url)
    try:
        await connection.execute("select pg_terminate_backend($1)", pid)
    finally:
        await connection.close()


def _holds_nothing(leases: Leases) -> bool:
    return not leases.held


async def test_a_process_alone_holds_every_slot(new_member: NewMember) -> None:
    alone = new_member(slots=8)
    change = await alone.review()
    assert change.gained == alone.held == frozenset(range(8))
    assert change.surplus == frozenset()
    assert alone.members == 1


async def test_two_processes_share_half_and_half_after_the_first_has_released(
    new_member: NewMember,
) -> None:
    first, second = new_member(slots=8), new_member(slots=8)
    await first.review()
    await second.review()
    assert second.held == frozenset(), "nothing is taken from a holder before it releases"
    surplus = (await first.review()).surplus
    assert len(surplus) == 4
    assert first.held == frozenset(range(8)), "surplus is still held: its work may be in flight"
    await first.release(surplus)
    assert (await second.review()).gained == surplus
    assert first.held | second.held == frozenset(range(8))
    assert not first.held & second.held


async def test_the_slots_of_a_process_that_left_are_taken_over(new_member: NewMember) -> None:
    first, second = new_member(), new_member()
    await first.review()
    await hand_over(first, second)
    await first.close()
    await second.review()
    assert second.held == frozenset(range(8))


async def test_losing_the_session_loses_all_slots_at_once_and_a_review_wins_them_back(
    new_member: NewMember, database: Database
) -> None:
    lost = asyncio.Event()
    leases = new_member(on_loss=lost.set)
    await leases.review()
    await kill_session(leases, database)
    await asyncio.wait_for(lost.wait(), 30)
    assert leases.held == frozenset()
    with pytest.raises(LeasesLostError):
        _ = leases.connection
    await leases.review()
    assert leases.held == frozenset(range(8))


async def test_a_dead_process_is_replaced_by_the_others(
    new_member: NewMember, database: Database
) -> None:
    survivor, victim = new_member(), new_member()
    await survivor.review()
    await hand_over(survivor, victim)
    await kill_session(victim, database)

    async def survivor_holds_everything() -> bool:
        await survivor.review()
        return survivor.held == frozenset(range(8))

    took_over: bool = await eventually(survivor_holds_everything)
    assert took_over


async def test_more_processes_than_slots_leave_some_on_standby(new_member: NewMember) -> None:
    members = [new_member(slots=2) for _ in range(3)]
    for _ in range(3):
        for member in members:
            await member.release((await member.review()).surplus)
    assert sorted(len(member.held) for member in members) == [0, 1, 1]
    assert frozenset[int]().union(*(member.held for member in members)) == {0, 1}


async def test_no_slot_has_two_holders_while_processes_come_and_go(
    new_member: NewMember, database: Database
) -> None:
    members = [new_member(slots=16) for _ in range(4)]

    def nobody_shares() -> bool:
        held = [slot for member in members for slot in member.held]
        return len(held) == len(set(held))

    for round_number in range(40):
        member = members[round_number % 4]
        change = await member.review()
        assert nobody_shares()
        await member.release(change.surplus)
        if round_number % 7 == 6:
            await members[(round_number * 3) % 4].close()
        if round_number % 11 == 10:
            await kill_session(member, database)
            await eventually(partial(_holds_nothing, member))
        assert nobody_shares()


async def test_namespaces_do_not_meet(new_member: NewMember) -> None:
    relay, consumer = new_member(namespace="relay"), new_member(namespace="consumer")
    await relay.review()
    await consumer.review()
    assert relay.held == consumer.held == frozenset(range(8))
    assert relay.members == consumer.members == 1


async def test_a_review_without_a_change_is_one_statement(new_member: NewMember) -> None:
    leases = new_member()
    await leases.review()
    statements: list[str] = []
    leases.connection.add_query_logger(lambda record: statements.append(record.query))
    for _ in range(5):
        await leases.review()
    await eventually(lambda: len(statements) == 5)


async def test_an_unreachable_database_is_an_error_that_a_later_review_recovers_from(
    database: Database,
) -> None:
    addresses = iter(["postgresql://nobody:x@127.0.0.1:1/none", database.url])
    leases = Leases(lambda: asyncpg.connect(next(addresses)), namespace="test", slots=4)
    with pytest.raises(LeasesLostError):
        await leases.review()
    await leases.review()
    assert leases.held == frozenset(range(4))
    await leases.close()
