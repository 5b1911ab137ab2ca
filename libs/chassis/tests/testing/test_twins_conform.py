"""The same steps on a twin and on PostgreSQL: whoever tests on twins relies on no difference.

What is expected is written by hand, so that neither can pass by agreeing with itself.
"""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import BaseModel, ConfigDict
from sqlalchemy import DateTime, Numeric, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis.consumers import deferral
from chassis.consumers.answers import Question
from chassis.consumers.barrier import Barrier, NothingToUndo
from chassis.consumers.dead_letters import DeadLetter, DeadReason, bury
from chassis.consumers.inbox import take_in
from chassis.consumers.incoming import Incoming
from chassis.consumers.lanes import Lane
from chassis.consumers.late import LateAnswers, answer, asked, reply_token
from chassis.flows import Flow, stage
from chassis.ids import new_id
from chassis.locks import (
    REFUSE,
    WAIT,
    Holder,
    LockAwaitedError,
    LockDeadlockError,
    LockTakenError,
    SemanticLock,
    held_locks,
)
from chassis.messaging.contracts import Command, Event, Refusal, Reply
from chassis.messaging.envelope import Direction, Outcome, ReceivedMessage, SagaReference
from chassis.messaging.topology import ServiceTopology, Stream, commands, events, replies
from chassis.outbox.outbox import Outbox
from chassis.outbox.poke import no_poke
from chassis.outbox.publishing import bind_outbox, publish
from chassis.persistence.adding import add_if_new
from chassis.persistence.database import Database
from chassis.persistence.loading import load, loaded, preload
from chassis.persistence.tables import METADATA
from chassis.sagas import Saga, command
from chassis.sagas.definitions import Definitions
from chassis.sagas.instances import ConcurrentChangeError, Instances
from chassis.sagas.state import EntryKind, LogEntry, SagaInstance
from chassis.testing.outbox import outbox_messages
from chassis.testing.twins.database import TwinDatabase
from chassis.testing.twins.instances import TwinInstances

pytestmark = pytest.mark.real

SAGA_ID, CONSUMER = UUID(int=7), "shop:orders.events"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Base(DeclarativeBase):
    """The service's own tables."""


class Book(Base):
    __tablename__ = "books"
    isbn: Mapped[str] = mapped_column(primary_key=True)
    price: Mapped[Decimal] = mapped_column(Numeric(6, 2))
    shelf: Mapped[str | None] = mapped_column(default=None)
    title: Mapped[str] = mapped_column(unique=True)
    added_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.clock_timestamp()
    )


class Note(Base):
    __tablename__ = "notes"
    number: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(default="empty")


class Bought(Event, type="shop.Bought.v1", key="isbn"):
    isbn: str


class Ask(Command, type="other.Ask.v1", key="isbn"):
    isbn: str


class Yes(Reply, type="other.Yes.v1"):
    pass


class No(Refusal, type="other.No.v1"):
    pass


class AskData(BaseModel):
    model_config = ConfigDict(frozen=True)

    isbn: str


def ask(data: AskData) -> Ask:
    return Ask(isbn=data.isbn)


class AskSaga(Saga[AskData], type="Ask", version=1):
    steps = (command(ask),)


DEFINITIONS = Definitions((AskSaga,))
DELIVERY = Flow(
    name="delivery",
    stages=(
        stage("Sent", by="carrier", within=timedelta(hours=1)),
        stage("Arrived", by="carrier", within=timedelta(hours=2)),
    ),
)
ROOM = SemanticLock("room", expires=timedelta(hours=1), when_taken=REFUSE)
ROOM_TO_WAIT_FOR = replace(ROOM, when_taken=WAIT)
EXPIRED = replace(ROOM, expires=timedelta(hours=-1))
TOPOLOGY = ServiceTopology(
    service="shop",
    context="shop",
    streams=(Stream(channel=events("shop")), Stream(channel=replies("shop"))),
    sends_to=(commands("other"), replies("shop")),
)


@pytest.fixture(params=["twin", "PostgreSQL"])
async def shop(request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    if request.param == "twin":
        shop: Database = TwinDatabase("shop")
    else:
        shop = Database(request.getfixturevalue("database").url)
        async with shop.engine.begin() as connection:
            await connection.run_sync(METADATA.create_all)
            await connection.run_sync(Base.metadata.create_all)
    bind_outbox(shop, Outbox(TOPOLOGY, no_poke))
    yield shop
    await shop.close()


@pytest.fixture
def instances(shop: Database) -> Instances:
    return TwinInstances(DEFINITIONS) if isinstance(shop, TwinDatabase) else Instances(DEFINITIONS)


def book(isbn: str, *, price: str = "5.00", shelf: str | None = None) -> Book:
    return Book(isbn=isbn, price=Decimal(price), shelf=shelf, title=f"title of {isbn}")


async def stocked(shop: Database) -> None:
    async with shop.sessions.begin() as session:
        session.add_all([book("c", shelf="x"), book("a", price="7.005"), book("b", shelf="x")])


def isbns(books: Any) -> list[str]:
    return [one.isbn for one in books]


async def test_entities_are_read_as_they_were_committed(shop: Database) -> None:
    await stocked(shop)
    async with shop.sessions.begin() as session:
        found = await session.get(Book, "a")
        assert found is not None
        assert (found.price, found.shelf) == (Decimal("7.01"), None)
        found.shelf = "y"
        assert await session.get(Book, "a") is found
        assert await session.get(Book, "z") is None
        await session.delete(await session.get_one(Book, "c"))
    async with shop.sessions() as session:
        assert (await session.get_one(Book, "a", with_for_update=True)).shelf == "y"
        assert isbns(await session.scalars(select(Book).order_by(Book.isbn))) == ["a", "b"]


async def test_what_is_not_given_is_made_up_as_the_columns_say(shop: Database) -> None:
    await stocked(shop)
    async with shop.sessions.begin() as session:
        notes = [Note(), Note(text="full")]
        session.add_all(notes)
        await session.flush()
        assert notes[0].number < notes[1].number
    async with shop.sessions() as session:
        added_at = (await session.get_one(Book, "a")).added_at
        assert abs(datetime.now(UTC) - added_at) < timedelta(hours=1)
        found = await session.scalars(select(Note).order_by(Note.number))
        assert [one.text for one in found] == ["empty", "full"]


async def test_queries_find_the_same(shop: Database) -> None:
    await stocked(shop)
    by_isbn = select(Book).order_by(Book.isbn)
    async with shop.sessions() as session:

        async def found(statement: Any) -> list[str]:
            return isbns((await session.scalars(statement)).all())

        assert await found(by_isbn.where(Book.shelf == "x")) == ["b", "c"]
        assert await found(by_isbn.where(Book.shelf.is_(None))) == ["a"]
        assert await found(by_isbn.where(Book.shelf != "x")) == []
        assert await found(by_isbn.where(Book.isbn.in_(["a", "c"]), Book.price > 6)) == ["a"]
        assert await found(by_isbn.where((Book.isbn == "a") | (Book.isbn == "b"))) == ["a", "b"]
        assert await found(by_isbn.where(~Book.isbn.in_(["a"])).limit(1)) == ["b"]
        assert await found(select(Book).order_by(Book.shelf.desc(), Book.isbn.desc())) == [
            "a",
            "c",
            "b",
        ]
        rows = await session.execute(select(Book.isbn, Book.shelf).where(Book.isbn == "b"))
        assert [tuple(row) for row in rows] == [("b", "x")]


async def test_what_is_preloaded_is_found_in_the_session(shop: Database) -> None:
    await stocked(shop)
    async with shop.sessions.begin() as session:
        await preload(session, [(load(Book, by=lambda keys: keys), ["a", "b", "z"])])
        assert loaded(session, Book, "z") is None
        assert loaded(session, Book, "c") is None
        kept = loaded(session, Book, "a")
        assert kept is not None
        assert kept is await session.get(Book, "a")


async def test_a_rollback_takes_everything_back(shop: Database) -> None:
    await stocked(shop)
    async with shop.sessions() as session:
        (await session.get_one(Book, "a")).shelf = "y"
        session.add(book("d"))
        publish(session, Bought(isbn="a"))
        await session.flush()
        await session.rollback()
    async with shop.sessions() as session:
        assert (await session.get_one(Book, "a")).shelf is None
        assert await session.get(Book, "d") is None
    assert await outbox_messages(shop) == []


async def test_a_savepoint_takes_back_what_came_after_it(shop: Database) -> None:
    await stocked(shop)
    async with shop.sessions.begin() as session:
        publish(session, Bought(isbn="before"))
        kept = await session.get_one(Book, "a")
        savepoint = await session.begin_nested()
        kept.shelf = "y"
        session.add(book("d"))
        publish(session, Bought(isbn="within"))
        await savepoint.rollback()
        await session.refresh(kept)
        assert kept.shelf is None
        publish(session, Bought(isbn="after"))
    async with shop.sessions() as session:
        assert await session.get(Book, "d") is None
    assert [one.key for one in await outbox_messages(shop)] == ["before", "after"]


async def test_keys_unique_values_and_missing_ones_are_refused(shop: Database) -> None:
    await stocked(shop)
    for wrong in (
        book("a"),
        Book(isbn="d", price=Decimal(1), title="title of a"),
        Book(isbn="d", price=Decimal(1)),
    ):
        with pytest.raises(IntegrityError):
            async with shop.sessions.begin() as session:
                session.add(wrong)
    async with shop.sessions.begin() as session:
        known, new = book("a", price="9.00"), book("d")
        known.added_at = new.added_at = NOW
        assert not await add_if_new(session, known)
        assert await add_if_new(session, new)
    with pytest.raises(
        IntegrityError
    ):  # an entity has all of its columns, and a null is no default
        async with shop.sessions.begin() as session:
            await add_if_new(session, book("e"))
    async with shop.sessions() as session:
        assert (await session.get_one(Book, "a")).price == Decimal("7.01")
        assert await session.get(Book, "d") is not None


async def test_the_inbox_takes_a_message_once_for_each_consumer(shop: Database) -> None:
    first, second = uuid4(), uuid4()
    async with shop.sessions.begin() as session:
        assert (await take_in(session, CONSUMER, [first, first], [], [])).fresh == {first}
    async with shop.sessions.begin() as session:
        assert (await take_in(session, CONSUMER, [first, second], [], [])).fresh == {second}
        assert (await take_in(session, "other", [first], [], [])).fresh == {first}


async def test_the_barrier_remembers_steps_and_their_answers(shop: Database) -> None:
    saga = SagaReference(
        saga_type="Ask", saga_id=SAGA_ID, step="ask", direction=Direction.COMPENSATION
    )
    async with shop.sessions.begin() as session:
        barrier = Barrier(())
        barrier.record(saga, NothingToUndo())
        publish(session, Bought(isbn="a"))
        await barrier.write(session)
    async with shop.sessions.begin() as session:
        steps = (await take_in(session, CONSUMER, [], [], [saga])).steps
    (recorded,) = steps[SAGA_ID, "ask"]
    assert (recorded.direction, recorded.outcome) == (saga.direction, Outcome.SUCCESS)
    assert (recorded.wire_type, recorded.body) == ("chassis.NothingToUndo.v1", b"{}")
    assert len(await outbox_messages(shop)) == 1


async def test_a_refusal_is_answered_anew_and_a_step_has_one_row(shop: Database) -> None:
    saga = SagaReference(saga_type="Ask", saga_id=SAGA_ID, step="ask", direction=Direction.ACTION)

    async def answered(reply: Reply, *, knows: bool = True) -> str:
        async with shop.sessions.begin() as session:
            steps = (await take_in(session, CONSUMER, [], [], [saga])).steps
            barrier = Barrier(steps.get((SAGA_ID, "ask"), ()) if knows else ())
            recorded = barrier.answer(saga) or barrier.record(saga, reply)
            await barrier.write(session)
            return recorded.wire_type

    assert await answered(No()) == No.wire_type
    assert await answered(Yes()) == Yes.wire_type
    assert await answered(No()) == Yes.wire_type
    with pytest.raises(IntegrityError):
        await answered(No(), knows=False)


async def test_an_answer_is_given_later_once_or_spent(shop: Database) -> None:
    def question(step: str) -> Question:
        saga = SagaReference(
            saga_type="Ask", saga_id=SAGA_ID, step=step, direction=Direction.ACTION
        )
        return Question(
            command_id=new_id(),
            wire_type="other.Ask.v1",
            correlation_id="c",
            reply_to="shop.replies",
            saga=saga,
        )

    tokens = []
    async with shop.sessions.begin() as session:
        late = LateAnswers()
        barrier = Barrier((), late)
        for one in (question("ask"), question("undone")):
            with asked(session, one) as asking:
                tokens.append(reply_token(session))
                late.expect(asking)
            assert one.saga is not None
            barrier.put_off(one.saga)
        await late.write(session)
        await barrier.write(session)
    async with shop.sessions.begin() as session:
        late = LateAnswers()
        late.spend((SAGA_ID, "undone", Direction.ACTION))
        await late.write(session)
    async with shop.sessions.begin() as session:
        given = [await answer(session, token, Yes()) for token in (*tokens, tokens[0])]
    assert given == [True, False, False]
    [sent] = await outbox_messages(shop)
    assert (sent.wire_type, sent.key) == ("other.Yes.v1", str(SAGA_ID))
    async with shop.sessions.begin() as session:
        saga = question("ask").saga
        assert saga is not None
        steps = (await take_in(session, CONSUMER, [], [], [saga])).steps
    assert [one.outcome for one in steps[SAGA_ID, "ask"]] == [Outcome.SUCCESS]


async def incoming(shop: Database, isbn: str) -> Incoming:
    async with shop.sessions.begin() as session:
        publish(session, Bought(isbn=isbn))
    received: ReceivedMessage = (await outbox_messages(shop))[-1]
    return Incoming(
        subject="shop.events.Bought.0",
        reply="",
        stream_sequence=1,
        inbox_id=received.message_id,
        received=received,
        malformed=None,
        raw_headers=dict(received.headers),
        body=received.body,
    )


async def test_waiting_messages_keep_the_order_of_their_lane(shop: Database) -> None:
    one, two = await incoming(shop, "a"), await incoming(shop, "a")
    other = await incoming(shop, "b")
    later, lane = timedelta(hours=1), Lane("a")
    async with shop.sessions.begin() as session:
        about = {"reason": deferral.Reason.FAILED, "error": "no", "attempts": 1}
        await deferral.defer(session, CONSUMER, [one], after=timedelta(), **about)
        await deferral.defer(session, CONSUMER, [two], reason=deferral.Reason.BEHIND)
        await deferral.defer(session, CONSUMER, [other], after=later, **about)
    async with shop.sessions.begin() as session:
        assert await deferral.lanes_due(session, CONSUMER) == [lane]
        assert await deferral.anything_waiting(session, CONSUMER)
        assert not await deferral.anything_waiting(session, "other")
        lanes = (await take_in(session, CONSUMER, [], ["a", "c"], [])).lanes
        assert lanes.behind(received_of(one)) == lane
        assert lanes.behind(received_of(other)) is None, "its key was not asked about"
        head = await deferral.take_head(session, CONSUMER, lane)
        assert head is not None
        assert (head.message_id, head.attempts, head.reason) == (one.inbox_id, 1, "failed")
        assert (head.body, head.headers["ce-subject"]) == (one.body, "a")
        again = {"reason": deferral.Reason.FAILED, "error": "no", "attempts": 2}
        await deferral.postpone(session, head, after=later, **again)
    async with shop.sessions.begin() as session:
        assert await deferral.lanes_due(session, CONSUMER) == [], "what is behind waits as well"
        head = await deferral.take_head(session, CONSUMER, lane)
        assert head is not None
        assert head.attempts == 2
        await deferral.remove(session, head)
        following = await deferral.take_head(session, CONSUMER, lane)
        assert following is not None
        assert following.message_id == two.inbox_id
        assert await deferral.take_head(session, CONSUMER, Lane("c")) is None
        assert await deferral.take_head(session, CONSUMER, Lane("a", "someone's")) is None


def received_of(message: Incoming) -> ReceivedMessage:
    assert message.received is not None
    return message.received


async def test_a_lock_has_one_holder_until_it_is_released_or_expires(shop: Database) -> None:
    ada, bob = Holder(id="ada", type="Stay"), Holder(id="bob", type="Stay")
    async with shop.sessions.begin() as session:
        taken = await ROOM.take(session, 12, holder=ada)
    async with shop.sessions.begin() as session:
        again = await ROOM.take(session, 12, holder=ada)
        assert (again.taken_at, again.holder_type) == (taken.taken_at, "Stay")
        with pytest.raises(LockTakenError) as refused:
            await ROOM.take(session, 12, holder=bob)
        assert refused.value.held is not None
        assert refused.value.held.holder == "ada"
        assert not await ROOM.release(session, 12, holder=bob)
        assert await ROOM.release(session, 12, holder=ada)
        assert await ROOM.held(session, 12) is None
        await EXPIRED.take(session, 12, holder=bob)
        await ROOM.take(session, 12, holder=ada)
        assert [(one.name, one.holder) for one in await held_locks(session)] == [("room", "ada")]


async def test_who_waits_for_a_lock_waits_in_a_lane_of_its_own_and_is_woken_first(
    shop: Database,
) -> None:
    ada = Holder(id="ada", type="Stay")
    one = await incoming(shop, "a")
    conversation = received_of(one).correlation_id
    bob = Holder(id=conversation, type="Stay")
    own = Lane("a", conversation)
    async with shop.sessions.begin() as session:
        await ROOM.take(session, 12, holder=ada)
        await ROOM.take(session, 13, holder=bob)
        about = {"reason": deferral.Reason.FAILED, "error": "no", "attempts": 1}
        await deferral.defer(session, CONSUMER, [one], after=timedelta(), **about)
        head = await deferral.take_head(session, CONSUMER, Lane("a"))
        assert head is not None
        held = await ROOM.held(session, 12)
        lock = LockAwaitedError("room", "12", held)
        await deferral.await_lock(session, head, received_of(one), lock)
    async with shop.sessions.begin() as session:
        assert await deferral.lanes_due(session, CONSUMER) == []
        [held] = await held_locks(session, name="room", key="12")
        assert held.waiters == 1
        waits = await deferral.take_head(session, CONSUMER, own)
        assert waits is not None
        assert (waits.reason, waits.lock_name, waits.lock_key) == ("locked", "room", "12")
        lanes = (await take_in(session, CONSUMER, [], ["a"], [])).lanes
        assert lanes.behind(received_of(one)) == own
        with pytest.raises(LockDeadlockError):
            await ROOM_TO_WAIT_FOR.take(session, 13, holder=ada)
    async with shop.sessions.begin() as session:
        assert await ROOM_TO_WAIT_FOR.release(session, 12, holder=ada)
    async with shop.sessions.begin() as session:
        assert await deferral.lanes_due(session, CONSUMER) == [own]


async def test_dead_letters_are_entered(shop: Database) -> None:
    async with shop.sessions.begin() as session:
        await bury(
            session,
            DeadLetter(
                consumer=CONSUMER,
                subject="s",
                key=None,
                message_id=None,
                wire_type=None,
                headers={"a": "b"},
                body=b"",
                reason=DeadReason.MALFORMED,
                error="no",
                attempts=1,
            ),
        )


def asking(**changes: Any) -> SagaInstance:
    instance = SagaInstance(
        saga_id=SAGA_ID,
        saga_type="Ask",
        definition_version=1,
        subject_key="a",
        created_at=NOW,
        data=AskData(isbn="a"),
        step="ask",
        attempt=1,
        command_id=new_id(),
        due_at=NOW + timedelta(minutes=1),
    )
    return replace(instance, **changes)


def told(kind: EntryKind) -> LogEntry:
    return LogEntry(saga_id=SAGA_ID, at=NOW, kind=kind, step=None, direction=None, attempt=0)


async def test_instances_are_found_as_they_were_stored(
    shop: Database, instances: Instances
) -> None:
    started = asking()
    async with shop.sessions.begin() as session:
        publish(session, Bought(isbn="a"))
        await instances.insert(session, started, [told(EntryKind.STARTED)])
    async with shop.sessions.begin() as session:
        found = await instances.lock(session, [SAGA_ID, uuid4()])
        assert found == {SAGA_ID: started}
        moved = replace(found[SAGA_ID], attempt=2, data=AskData(isbn="b"), error="no")
        await instances.update(session, [moved], [told(EntryKind.RETRY)])
    async with shop.sessions.begin() as session:
        assert (await instances.lock(session, [SAGA_ID]))[SAGA_ID] == replace(moved, version=2)
        with pytest.raises(ConcurrentChangeError):
            await instances.update(session, [moved], [])
        await session.rollback()
    assert [one.key for one in await outbox_messages(shop)] == ["a"]


async def test_an_instance_wakes_at_its_first_time_until_it_is_rescheduled(
    shop: Database, instances: Instances
) -> None:
    first, later = NOW + timedelta(minutes=1), NOW + timedelta(minutes=5)

    async def due(session: AsyncSession, at: datetime) -> list[UUID]:
        return [one.saga_id for one in await instances.lock_due(session, at, 10)]

    async with shop.sessions.begin() as session:
        await instances.insert(session, asking(), [])
        [stored] = (await instances.lock(session, [SAGA_ID])).values()
        await instances.update(session, [replace(stored, due_at=later)], [])
    async with shop.sessions.begin() as session:
        assert await instances.next_due(session) == [(SAGA_ID, first)]
        assert await due(session, NOW) == []
        assert await due(session, first) == [SAGA_ID]
        assert await instances.lock_due(session, first, 10, uuid4()) == []
        await instances.reschedule(session, [SAGA_ID])
        assert await instances.next_due(session) == [(SAGA_ID, later)]
        await instances.postpone(session, SAGA_ID, later + timedelta(minutes=1))
        assert await due(session, later) == []
        [stored] = (await instances.lock(session, [SAGA_ID])).values()
        ended = replace(stored, due_at=None, step=None)
        await instances.update(session, [ended], [])
        assert await instances.next_due(session) == []


async def test_flows_go_from_stage_to_stage_and_end_in_any_order(shop: Database) -> None:
    async with shop.sessions.begin() as session:
        DELIVERY.expect(session, "one")
        DELIVERY.expect(session, "two")
        DELIVERY.end(session, "three")
    async with shop.sessions.begin() as session:
        DELIVERY.reach(session, "one", "Sent")
        DELIVERY.reach(session, "nobody's", "Sent")
        DELIVERY.end(session, "two")
        DELIVERY.expect(session, "three")
    assert await open_flows(shop) == {("one", "Arrived")}


async def open_flows(shop: Database) -> set[tuple[str, str]]:
    if isinstance(shop, TwinDatabase):
        found = shop.store.rows("flow_expectations")
        return {(one.key, one.awaits) for one in found if not one.ended}
    table = METADATA.tables["flow_expectations"]
    async with shop.sessions() as session:
        rows = await session.execute(
            select(table.c.key, table.c.awaits).where(table.c.ended_at.is_(None))
        )
        return {(key, awaits) for key, awaits in rows}
