"""What was recorded of sagas on a real database, replayed against the same and other code."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from chassis.operations.errors import NotThereError, OperatorError
from chassis.operations.saga_export import recorded_saga
from chassis.sagas import PIVOT, RETRIABLE, Intervened, Intervention, Saga, command, local, seconds
from chassis.testing.replay import (
    RecordedSaga,
    ReplayDifferenceError,
    histories,
    named,
    replay,
)

Record = Callable[..., Awaitable[RecordedSaga]]
Travelled = Callable[..., Awaitable[RecordedSaga]]


@pytest.fixture
def record(bench: Any, trip: SimpleNamespace) -> Record:
    async def record(saga_id: UUID, *sagas: Any) -> RecordedSaga:
        connection = await bench.database.connect_driver()
        try:
            async with connection.transaction():
                recorded = await recorded_saga(connection, saga_id, sagas or (trip.TripSaga,))
        finally:
            await connection.close()
        return RecordedSaga.model_validate_json(recorded.to_json())

    return record


@pytest.fixture
def travelled(bench: Any, record: Record) -> Travelled:
    """A trip that has had these answers, as it is recorded."""

    async def travelled(*answers: Any, **data: Any) -> RecordedSaga:
        saga_id = await bench.start("t-1", **data)
        for answer in answers:
            await bench.answer_all(answer)
        return await record(saga_id)

    return travelled


@pytest.fixture
async def completed(travelled: Travelled, trip: SimpleNamespace) -> RecordedSaga:
    done = [trip.Done()] * 3
    return await travelled(trip.FlightBooked(seat="7A"), *done)


async def fire(bench: Any) -> None:
    async with bench.database.sessions.begin() as session:
        await bench.orchestrator.fire(session, now=datetime.now(UTC) + timedelta(hours=1), limit=10)


def changed(trip: SimpleNamespace, **changes: Any) -> Any:
    """The trip saga with some of its steps replaced, in place."""

    class Changed(Saga[trip.TripData], type="Trip", version=1):
        deadline = trip.TripSaga.deadline
        on_timeout = changes.pop("on_timeout", trip.TripSaga.on_timeout)
        on_cancel = trip.TripSaga.on_cancel
        steps = tuple(changes.get(step.name, step) for step in trip.TripSaga.steps)

    return Changed


async def test_a_saga_that_went_through_comes_out_the_same(
    completed: RecordedSaga, trip: SimpleNamespace
) -> None:
    assert [one.type for one in completed.commands] == [
        *("flight.BookFlight.v1", "car.BookCar.v1", "card.ChargeCard.v1", "flight.SendTicket.v1"),
    ]
    assert completed.end.data["seat"] == "7A"
    replay([trip.NewTripSaga, trip.TripSaga], completed)


async def test_a_refusal_and_the_way_back_come_out_the_same(
    travelled: Travelled, trip: SimpleNamespace
) -> None:
    recorded = await travelled(
        trip.FlightBooked(seat="7A"), trip.CardDeclined(), trip.Done(), wants_car=False
    )

    assert (recorded.end.state, recorded.end.data["reason"]) == ("COMPENSATED", "DECLINED")
    replay([trip.TripSaga], recorded)


async def test_a_saga_on_its_way_is_replayed_as_far_as_it_went(
    travelled: Travelled, trip: SimpleNamespace
) -> None:
    recorded = await travelled(trip.FlightBooked(seat="7A"))

    assert (recorded.end.state, recorded.end.step) == ("RUNNING", "book_car")
    replay([trip.TripSaga], recorded)


async def test_time_outs_retries_and_a_deadline_are_replayed_however_long_they_are_now(
    bench: Any, trip: SimpleNamespace, record: Record
) -> None:
    saga_id = await bench.start("t-1", wants_car=False)
    await bench.answer_all(trip.FlightBooked(seat="7A"))
    for _ in range(4):
        await fire(bench)
    parked = await record(saga_id)
    assert parked.end.state == "NEEDS_ATTENTION"
    kinds = [entry.kind for entry in parked.log]
    assert {"deadline", "timeout", "retry", "parked"} <= set(kinds)

    slower = command(
        trip.charge_card,
        kind=PIVOT,
        timeout=seconds(99),
        retry=trip.PATIENCE,
        refusals={trip.CardDeclined: trip.note_declined},
    )
    replay([changed(trip, charge_card=slower)], parked)
    await bench.answer_all(trip.CardDeclined())
    replay([trip.TripSaga], await record(saga_id))


async def test_an_answer_that_nobody_waited_for_changes_nothing_in_a_replay_either(
    bench: Any, trip: SimpleNamespace, record: Record
) -> None:
    saga_id = await bench.start("t-1")
    (book,) = await bench.sent()
    await bench.deliver(bench.answer(book, trip.FlightBooked(seat="7A")))
    await bench.deliver(bench.answer(book, trip.NoSeat()))
    recorded = await record(saga_id)

    assert "ignored" in [entry.kind for entry in recorded.log]
    replay([trip.TripSaga], recorded)


@pytest.mark.parametrize("move", [Intervention.CANCEL, Intervention.PAUSE, Intervention.SKIP])
async def test_what_operators_did_is_replayed(
    bench: Any, trip: SimpleNamespace, record: Record, move: Intervention
) -> None:
    saga_id = await bench.start("t-1")
    async with bench.database.sessions.begin() as session:
        what = Intervened(move, "because: of this", "an operator")
        await bench.orchestrator.intervene(session, saga_id, what)
    recorded = await record(saga_id)

    assert f"{move} by an operator: because: of this" in [entry.detail for entry in recorded.log]
    replay([trip.TripSaga], recorded)


async def test_another_note_is_found_by_the_data(
    completed: RecordedSaga, trip: SimpleNamespace
) -> None:
    def note_upgrade(data: Any, _reply: Any) -> Any:
        return data.model_copy(update={"seat": "1A"})

    upgraded = command(
        trip.book_flight, compensation=trip.cancel_flight, replies={trip.FlightBooked: note_upgrade}
    )
    with pytest.raises(ReplayDifferenceError) as raised:
        replay([changed(trip, book_flight=upgraded)], completed)

    told = str(raised.value)
    assert told.startswith(f"Trip version 1, saga {completed.saga_id}: data at the end")
    assert "recorded: {'seat': '7A'}" in told
    assert "the code: {'seat': '1A'}" in told


async def test_another_command_is_found_by_its_step(
    completed: RecordedSaga, trip: SimpleNamespace
) -> None:
    def charge_card(data: Any) -> Any:
        return trip.ChargeCard(trip_id=f"{data.trip_id}-again")

    charge_card.__annotations__["return"] = trip.ChargeCard
    with pytest.raises(ReplayDifferenceError) as raised:
        replay([changed(trip, charge_card=command(charge_card, kind=PIVOT))], completed)

    told = str(raised.value)
    assert "what the step 'charge_card' sends" in told
    assert "recorded: card.ChargeCard.v1 {'trip_id': 't-1'}" in told
    assert "the code: card.ChargeCard.v1 {'trip_id': 't-1-again'}" in told


async def test_an_inserted_step_is_found_where_it_comes(
    completed: RecordedSaga, trip: SimpleNamespace
) -> None:
    ahead = local(trip.close_trip, kind=RETRIABLE)

    class Changed(Saga[trip.TripData], type="Trip", version=1):
        steps = (*trip.TripSaga.steps[:4], ahead, trip.TripSaga.steps[4])

    with pytest.raises(ReplayDifferenceError) as raised:
        replay([Changed], completed)

    assert "recorded: command 'send_ticket' flight.SendTicket.v1" in str(raised.value)
    assert "the code: local 'close_trip'" in str(raised.value)


async def test_another_condition_is_found_where_it_counts(
    completed: RecordedSaga, trip: SimpleNamespace
) -> None:
    never = command(trip.book_car, compensation=trip.cancel_car, when=lambda _: False)

    with pytest.raises(ReplayDifferenceError, match="skipped 'book_car'"):
        replay([changed(trip, book_car=never)], completed)


async def test_a_version_that_is_gone_takes_its_recordings_with_it(
    completed: RecordedSaga, trip: SimpleNamespace
) -> None:
    with pytest.raises(ReplayDifferenceError, match="declared no more: delete its recordings"):
        replay([trip.NewTripSaga], completed)


async def test_what_is_exported_was_run_on_the_code_that_exports_it(
    completed: RecordedSaga, bench: Any, trip: SimpleNamespace, record: Record
) -> None:
    never = command(trip.book_car, compensation=trip.cancel_car, when=lambda _: False)

    with pytest.raises(OperatorError, match="cannot be replayed with the code"):
        await record(completed.saga_id, changed(trip, book_car=never))
    with pytest.raises(OperatorError, match="declares no version 1 of Trip"):
        await record(completed.saga_id, trip.NewTripSaga)
    with pytest.raises(NotThereError):
        await record(UUID(int=7))


async def test_a_log_from_before_bodies_were_kept_says_so(
    completed: RecordedSaga, bench: Any, record: Record
) -> None:
    await bench.execute("UPDATE saga_log SET body = NULL")

    with pytest.raises(OperatorError, match="before logs kept the data"):
        await record(completed.saga_id)


async def test_recordings_are_found_in_their_folder(
    completed: RecordedSaga, tmp_path: Path
) -> None:
    with pytest.raises(FileNotFoundError, match="chassis sagas export"):
        histories(tmp_path)
    (tmp_path / "completed.json").write_text(completed.to_json())

    (path,) = histories(tmp_path)
    assert (named(path), RecordedSaga.read(path)) == ("completed", completed)


async def test_a_group_its_time_out_and_its_undoing_come_out_the_same(
    bench: Any, trip: SimpleNamespace, record: Record
) -> None:
    bench.orchestrator = bench.new_orchestrator(trip.BookTogetherSaga)
    saga_id = await bench.start("t-1", saga=trip.BookTogetherSaga)
    flight, *_ = await bench.sent()
    await bench.deliver(bench.answer(flight, trip.FlightBooked(seat="7A")))
    under_way = await record(saga_id, trip.BookTogetherSaga)
    await fire(bench)
    await bench.answer_all(trip.Done())

    recorded = await record(saga_id, trip.BookTogetherSaga)
    assert (under_way.end.step, recorded.end.state) == ("book", "COMPENSATED")
    for one in (under_way, recorded):
        replay([trip.BookTogetherSaga], one)


async def test_a_group_that_went_through_comes_out_the_same(
    bench: Any, trip: SimpleNamespace, record: Record
) -> None:
    bench.orchestrator = bench.new_orchestrator(trip.BookTogetherSaga)
    saga_id = await bench.start("t-1", saga=trip.BookTogetherSaga)
    for _ in range(3):
        await bench.answer_all(trip.Done())

    recorded = await record(saga_id, trip.BookTogetherSaga)
    assert recorded.end.state == "COMPLETED"
    replay([trip.BookTogetherSaga], recorded)


@pytest.mark.parametrize("cancelled", [False, True])
async def test_parent_and_child_come_out_the_same(
    bench: Any, trip: SimpleNamespace, record: Record, *, cancelled: bool
) -> None:
    sagas = (trip.PaidTripSaga, trip.PaymentSaga)
    bench.orchestrator = bench.new_orchestrator(*sagas)
    saga_id = await bench.start("t-1", saga=trip.PaidTripSaga)
    (row,) = await bench.rows("SELECT saga_id FROM saga_instances WHERE parent IS NOT NULL")
    if cancelled:
        async with bench.database.sessions.begin() as session:
            what = Intervened(Intervention.CANCEL, "no more wanted", "an operator")
            await bench.orchestrator.intervene(session, saga_id, what)
    for _ in range(8):
        for message in await bench.sent():
            if message.wire_type.startswith("chassis."):
                await bench.deliver(bench.received(message))
            elif message.reply_to:
                await bench.deliver(bench.answer(message, trip.Done()))

    parent, child = await record(saga_id, *sagas), await record(row.saga_id, *sagas)
    assert parent.end.state == ("COMPENSATED" if cancelled else "COMPLETED")
    assert child.end.state == "COMPLETED", "it was past its pivot when its parent turned back"
    for one in (parent, child):
        replay(sagas, one)


async def test_a_group_that_timed_out_comes_out_the_same(
    bench: Any, trip: SimpleNamespace, record: Record
) -> None:
    bench.orchestrator = bench.new_orchestrator(trip.BookTogetherSaga)
    saga_id = await bench.start("t-1", saga=trip.BookTogetherSaga)
    commands = {command.saga.step: command for command in await bench.sent()}
    await bench.deliver(bench.answer(commands["book_car"], trip.Done()))
    await bench.execute("UPDATE saga_instances SET deadline = NULL")
    await fire(bench)
    await bench.answer_all(trip.Done())

    recorded = await record(saga_id, trip.BookTogetherSaga)
    assert "timeout" in {entry.kind for entry in recorded.log}
    assert recorded.end.state == "COMPENSATED"
    replay([trip.BookTogetherSaga], recorded)


async def test_a_parent_that_took_its_child_back_and_the_child_come_out_the_same(
    bench: Any, trip: SimpleNamespace, record: Record
) -> None:
    sagas = (trip.PaidTripSaga, trip.PaymentSaga)
    bench.orchestrator = bench.new_orchestrator(*sagas)
    saga_id = await bench.start("t-1", saga=trip.PaidTripSaga)
    _, hold = await bench.sent()
    await bench.deliver(bench.answer(hold, trip.Done()))
    (charge,) = await bench.sent()
    async with bench.database.sessions.begin() as session:
        await bench.orchestrator.cancel(session, saga_id, reason="ill")
    (word,) = await bench.sent()
    await bench.deliver(bench.received(word))
    await bench.deliver(bench.answer(charge, trip.Done()))
    await bench.answer_all(trip.Done())
    (end,) = await bench.sent()
    await bench.deliver(bench.received(end))
    await bench.answer_all(trip.Done())

    for row in await bench.rows("SELECT saga_id, state FROM saga_instances"):
        recorded = await record(row.saga_id, *sagas)
        assert recorded.end.state == ("COMPENSATED" if row.saga_id == saga_id else "COMPLETED")
        replay(sagas, recorded)
