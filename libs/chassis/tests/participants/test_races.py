"""The four races between a step and its undoing, with real messages put on the stream that way.

Each ends with the rooms counted, the saga ended, and nothing left anywhere.
"""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from chassis.ids import new_id
from devkit.eventually import eventually

pytestmark = pytest.mark.real

TOGETHER = pytest.mark.parametrize("together", [True, False], ids=["in one batch", "one by one"])


@TOGETHER
async def test_a_compensation_that_comes_before_its_action_keeps_the_action_from_happening(
    world: Any, trip: SimpleNamespace, *, together: bool
) -> None:
    await world.start(trip.TripSaga)
    [book] = await world.take()
    await world.advance(seconds=11)
    [give_back] = await world.take()

    undone, done = await put_on_stream(world, [give_back, book], together=together)
    await world.orchestrate()
    await world.put(done, undone)

    assert answers(undone, done) == ["chassis.NothingToUndo.v1", "chassis.StepAlreadyUndone.v1"]
    await world.until(lambda: ended(world, "COMPENSATED"))
    assert await world.free() == 5
    await eventually(lambda: logged(world, "ignored", "chassis.StepAlreadyUndone.v1"))
    await world.nothing_left()


async def test_an_action_that_comes_after_its_saga_has_been_undone_does_not_happen(
    world: Any, trip: SimpleNamespace
) -> None:
    await world.start(trip.TripSaga)
    [book] = await world.take()
    await world.advance(seconds=11)
    await world.participate()
    await world.orchestrate()
    await world.until(lambda: ended(world, "COMPENSATED"))

    await world.put(book)
    await world.until(lambda: logged(world, "ignored", "chassis.StepAlreadyUndone.v1"))

    assert await world.free() == 5
    assert await world.state() == "COMPENSATED"
    await world.nothing_left()


@TOGETHER
async def test_an_action_that_is_sent_and_delivered_again_happens_once(
    world: Any, trip: SimpleNamespace, *, together: bool
) -> None:
    await world.start(trip.FirmTripSaga)
    [first] = await world.take()
    await world.advance(seconds=11)
    [second] = await world.take()
    assert first.received.message_id != second.received.message_id

    sent = await put_on_stream(world, [second, first], together=together, and_again=[second, first])
    await world.orchestrate()
    await world.put(*sent, *reversed(sent))

    assert answers(*sent) == ["hotel.RoomsBooked.v1"] * 2
    await world.until(lambda: ended(world, "COMPLETED"))
    assert await world.free() == 3
    await world.nothing_left()


@TOGETHER
async def test_a_compensation_that_is_sent_and_delivered_again_happens_once(
    world: Any, trip: SimpleNamespace, *, together: bool
) -> None:
    await world.start(trip.TripSaga)
    await world.participate()
    await world.carry()
    await eventually(lambda: has_free(world, 3))
    await world.take()  # the answer is lost
    await world.runtimes.pop().stop()
    await world.advance(seconds=11)
    [first] = await world.take()
    await world.advance(seconds=11)
    [second] = await world.take()

    sent = await put_on_stream(world, [second, first], together=together, and_again=[second, first])
    await world.orchestrate()
    await world.put(*sent)

    assert answers(*sent) == ["hotel.RoomsReturned.v1"] * 2
    await world.until(lambda: ended(world, "COMPENSATED"))
    assert await world.free() == 5
    await world.nothing_left()


async def test_a_compensation_that_comes_while_its_action_is_being_handled_closes_the_action(
    world: Any, trip: SimpleNamespace
) -> None:
    """They have different keys, and the action has waited: both are in a transaction at once."""
    under_way, go_on = asyncio.Event(), asyncio.Event()
    failures = [RuntimeError("made to fail, so that it waits")] * 2

    async def linger(_: Any) -> None:
        if failures:
            raise failures.pop()
        under_way.set()
        await go_on.wait()

    world.before = linger
    await world.participate()
    await world.orchestrate()
    await world.start(trip.TripSaga, trip.Booking(desk="of another partition"))
    await world.carry()
    await under_way.wait()
    await world.advance(seconds=11)
    try:
        await world.until(lambda: ended(world, "COMPENSATED"))
    finally:
        go_on.set()
    await world.until(lambda: logged(world, "ignored", "chassis.StepAlreadyUndone.v1"))

    assert await world.free() == 5
    await world.nothing_left()


async def test_what_was_refused_is_done_when_it_is_asked_for_again(
    world: Any, trip: SimpleNamespace
) -> None:
    await world.execute("UPDATE hotels SET free = 0")
    await world.participate()
    await world.orchestrate()
    await world.start(trip.FirmTripSaga)
    await world.until(lambda: logged(world, "refusal", "hotel.NoRooms.v1"))

    await world.execute("UPDATE hotels SET free = 2")
    await world.advance(seconds=2)
    await world.until(lambda: ended(world, "COMPLETED"))

    assert await world.free() == 0


async def test_an_action_that_is_refused_and_undone_stays_undone_when_it_is_asked_for_again(
    world: Any, trip: SimpleNamespace
) -> None:
    await world.execute("UPDATE hotels SET free = 0")
    await world.start(trip.TripSaga)
    [book] = await world.take()
    await world.advance(seconds=11)
    [give_back] = await world.take()
    await put_on_stream(world, [book, give_back], together=True)
    await world.execute("UPDATE hotels SET free = 5")

    resent = trip.Row(book.subject, {**book.headers, "ce-id": str(new_id())}, book.body)
    await world.put(resent, again="-resent")

    [refused] = await world.sent(1)
    assert answers(refused) == ["chassis.StepAlreadyUndone.v1"]
    assert await world.free() == 5


async def put_on_stream(
    world: Any, rows: list[Any], *, together: bool, and_again: list[Any] | None = None
) -> list[Any]:
    """The answers of hotel-service to messages that reach it in this order."""
    if not together:
        await world.participate()
    answered = []
    for row in rows:
        await world.put(row)
        if not together:
            answered += await world.sent(1)
    await world.put(*(and_again or ()), again="-again")
    if together:
        await world.participate()
        answered = await world.sent(len(rows))
    await eventually(lambda: nothing_unread(world))
    return answered + await world.take()


async def nothing_unread(world: Any) -> bool:
    info = await world.client.jetstream().stream_info("hotel-commands")
    return bool(info.state.messages == 0)


def answers(*rows: Any) -> list[str]:
    return [row.headers["ce-type"] for row in rows]


async def ended(world: Any, state: str) -> bool:
    return bool(await world.state() == state)


async def has_free(world: Any, rooms: int) -> bool:
    return bool(await world.free() == rooms)


async def logged(world: Any, kind: str, detail: str) -> bool:
    steps = (await world.history()).steps
    return any((step.kind, step.detail) == (kind, detail) for step in steps)
