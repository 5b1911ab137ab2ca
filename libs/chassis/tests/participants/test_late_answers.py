"""A participant that takes a command now and answers it hours later, by a token."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import REGISTRY
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.consumers.handlers import handle
from chassis.consumers.late import (
    AnswerLater,
    NotAskedError,
    answer,
    answer_later,
    pending_answers,
    reply_token,
)
from chassis.database_gauges import DatabaseGauges
from chassis.messaging.contracts import Reply
from chassis.persistence.database import fetch_all
from chassis.testing.handling import handle_batch
from devkit.eventually import eventually

pytestmark = pytest.mark.real


@dataclass
class Desk:
    """The people of the hotel: they are asked for rooms, and answer when they like."""

    world: Any
    trip: SimpleNamespace
    tokens: list[str] = field(default_factory=list)

    async def ask(self, _command: Any, session: AsyncSession) -> AnswerLater:
        self.tokens.append(reply_token(session))
        return answer_later()

    async def open(self) -> None:
        await self.world.participate(
            handle(self.trip.BookRooms, self.ask),
            handle(self.trip.ClaimRooms, self.ask),
            handle(self.trip.ReturnRooms, self.world.give_back),
        )
        await self.world.orchestrate()

    async def asked(self, times: int) -> bool:
        """Whether the question was put so often, and is committed."""
        pending = await self.world.rows("SELECT 1 FROM pending_answers")
        return len(self.tokens) == times and len(pending) == 1

    async def decide(self, reply: Reply, token: str | None = None) -> bool:
        """Rooms change hands if and only if somebody still waits for the answer."""
        async with self.world.database.sessions.begin() as session:
            waited_for = await answer(session, token or self.tokens[-1], reply)
            if waited_for and not reply.refused:
                await fetch_all(session, "UPDATE hotels SET free = free - 2 WHERE hotel = 'Ritz'")
        return waited_for


@pytest.fixture
async def desk(world: Any, trip: SimpleNamespace) -> Desk:
    desk = Desk(world, trip)
    await desk.open()
    return desk


async def test_a_command_is_answered_when_its_token_is_given_back(
    world: Any, trip: SimpleNamespace, desk: Desk
) -> None:
    saga_id = await world.start(trip.TripSaga)
    await world.until(lambda: desk.asked(1))
    async with world.database.sessions() as session:
        [pending] = await pending_answers(session, saga_id=saga_id)
    assert (pending.wire_type, pending.step) == ("hotel.BookRooms.v1", "book_rooms")

    assert await desk.decide(trip.RoomsBooked())
    await world.until(lambda: desk.asked(2))
    assert await desk.decide(trip.RoomsBooked())

    await world.until(lambda: ended(world, "COMPLETED"))
    assert await world.free() == 1
    assert await world.rows("SELECT * FROM pending_answers") == []
    await world.nothing_left()


async def test_a_refusal_that_comes_late_sends_the_saga_back_with_nothing_to_undo(
    world: Any, trip: SimpleNamespace, desk: Desk
) -> None:
    await world.start(trip.TripSaga)
    await world.until(lambda: desk.asked(1))

    await desk.decide(trip.NoRooms())

    await world.until(lambda: ended(world, "COMPENSATED"))
    assert await world.free() == 5


async def test_a_token_answers_once(world: Any, trip: SimpleNamespace, desk: Desk) -> None:
    await world.start(trip.TripSaga)
    await world.until(lambda: desk.asked(1))
    [token] = desk.tokens

    assert await desk.decide(trip.RoomsBooked(), token)
    assert not await desk.decide(trip.RoomsBooked(), token)
    assert not await desk.decide(trip.RoomsBooked(), "guessed")

    assert await world.free() == 3


async def test_a_command_that_is_repeated_while_its_answer_is_pending_is_the_same_question(
    world: Any, trip: SimpleNamespace, desk: Desk
) -> None:
    await world.start(trip.FirmTripSaga)
    await world.until(lambda: desk.asked(1))
    await world.advance(seconds=11)
    await world.carry()
    await eventually(lambda: taken_in(world, 2))
    assert await world.take() == []
    assert len(desk.tokens) == 1

    await desk.decide(trip.RoomsBooked())
    await world.until(lambda: ended(world, "COMPLETED"))
    await world.advance(hours=1)

    assert await world.free() == 3
    await world.nothing_left()


async def test_a_compensation_that_comes_while_the_answer_is_pending_spends_the_token(
    world: Any, trip: SimpleNamespace, desk: Desk
) -> None:
    given_back = []

    async def give_back(command: Any, session: AsyncSession) -> Reply:
        given_back.append(command)
        return trip.RoomsReturned()

    world.give_back = give_back
    for runtime in world.runtimes:
        await runtime.stop()
    await desk.open()
    await world.start(trip.TripSaga)
    await world.until(lambda: desk.asked(1))
    await world.advance(seconds=11)

    await world.until(lambda: ended(world, "COMPENSATED"))

    assert len(given_back) == 1
    assert not await desk.decide(trip.RoomsBooked())
    assert await world.free() == 5
    assert await world.rows("SELECT * FROM pending_answers") == []
    steps = await world.rows("SELECT reply_type FROM participant_steps ORDER BY direction")
    assert steps == [("chassis.StepAlreadyUndone.v1",), ("hotel.RoomsReturned.v1",)]


async def test_action_and_compensation_in_one_batch_leave_no_token(
    world: Any, trip: SimpleNamespace, desk: Desk
) -> None:
    await world.runtimes[0].stop()
    await world.start(trip.TripSaga)
    [book] = await world.take()
    await world.advance(seconds=11)
    [give_back] = await world.take()
    await world.put(book, give_back)

    await desk.open()
    await world.until(lambda: ended(world, "COMPENSATED"))

    assert len(desk.tokens) == 1
    assert not await desk.decide(trip.RoomsBooked())
    assert await world.rows("SELECT * FROM pending_answers") == []


async def test_an_answer_that_is_rolled_back_is_still_pending(
    world: Any, trip: SimpleNamespace, desk: Desk
) -> None:
    await world.start(trip.TripSaga)
    await world.until(lambda: desk.asked(1))
    async with world.database.sessions() as session:
        assert await answer(session, desk.tokens[0], trip.RoomsBooked())
        await session.rollback()

    assert await world.take() == []
    assert await desk.decide(trip.RoomsBooked())


async def test_only_the_digest_of_a_token_is_kept(
    world: Any, trip: SimpleNamespace, desk: Desk
) -> None:
    await world.start(trip.TripSaga)
    await world.until(lambda: desk.asked(1))

    [token] = desk.tokens
    [row] = await world.rows("SELECT p::text AS everything FROM pending_answers AS p")
    assert len(token) >= 43
    assert token not in row.everything
    assert token.encode().hex() not in row.everything


async def test_the_oldest_pending_answer_is_shown_with_its_age(
    world: Any, trip: SimpleNamespace, desk: Desk
) -> None:
    await world.start(trip.TripSaga)
    await world.until(lambda: desk.asked(1))
    await world.execute("UPDATE pending_answers SET asked_at = now() - interval '3 hours'")
    gauges = DatabaseGauges(world.database)

    await gauges.survey()
    waiting = REGISTRY.get_sample_value("pending_answers", {"command": "hotel.BookRooms.v1"})
    age = REGISTRY.get_sample_value("pending_answer_oldest_age_seconds")
    await desk.decide(trip.RoomsBooked())
    await gauges.survey()

    assert waiting == 1
    assert age is not None
    assert 10_800 <= age < 11_000
    assert REGISTRY.get_sample_value("pending_answer_oldest_age_seconds") == 0


async def test_a_late_answer_belongs_to_the_trace_of_its_command_and_links_to_what_gave_it(
    world: Any, trip: SimpleNamespace, desk: Desk, spans: Any
) -> None:
    await world.start(trip.TripSaga)
    await world.until(lambda: desk.asked(1))
    tracer = spans.provider.get_tracer("a webhook")
    [question] = await eventually(lambda: spans.named("process hotel.commands"))

    with tracer.start_as_current_span("POST /decisions") as webhook:
        given = webhook.get_span_context()
        await desk.decide(trip.RoomsBooked())

    [created] = spans.named("create trip.replies")
    assert created.parent.span_id == question.context.span_id
    assert created.context.trace_id == question.context.trace_id
    [request] = spans.named("POST /decisions")
    assert [link.context.span_id for link in created.links] == [given.span_id]
    assert [link.context.span_id for link in request.links] == [question.context.span_id]


async def test_answering_later_without_a_token_is_an_error_that_says_what_to_do(
    world: Any, trip: SimpleNamespace
) -> None:
    async def forget(_command: Any, _session: AsyncSession) -> AnswerLater:
        return answer_later()

    await world.participate(handle(trip.BookRooms, forget))
    await world.start(trip.TripSaga)
    await world.carry()

    [letter] = await eventually(lambda: world.rows("SELECT error FROM dead_letters"))
    assert "reply_token(session)" in letter.error


async def test_nobody_can_take_a_token_where_nobody_waits(world: Any) -> None:
    async with world.database.sessions() as session:
        with pytest.raises(NotAskedError):
            reply_token(session)


async def test_a_handler_that_answers_later_can_be_tested_alone(
    world: Any, trip: SimpleNamespace
) -> None:
    desk = Desk(world, trip)

    [reply] = await handle_batch(
        world.database,
        (handle(trip.BookRooms, desk.ask),),
        (trip.BookRooms(hotel="Ritz", rooms=2),),
    )

    assert isinstance(reply, AnswerLater)
    assert len(desk.tokens) == 1


async def ended(world: Any, state: str) -> bool:
    return bool(await world.state() == state)


async def taken_in(world: Any, messages: int) -> bool:
    sql = "SELECT 1 FROM received_messages WHERE consumer = 'hotel-service:hotel.commands'"
    return len(await world.rows(sql)) == messages
