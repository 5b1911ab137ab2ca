"""The DSL for users' unit tests says what differs, and which branches no scenario went through."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.messaging.contracts import Refusal, Reply
from chassis.messaging.envelope import Direction
from chassis.sagas import RETRIABLE, Saga, command, local, seconds
from chassis.testing.saga_branches import Branch, BranchCoverage, branches
from chassis.testing.sagas import given


def test_another_command_than_expected_is_shown_beside_it_with_the_story_so_far(
    trip: SimpleNamespace, data: Any
) -> None:
    with pytest.raises(AssertionError) as failed:
        given(trip.TripSaga, data).expect_local(trip.open_trip).expect_command(
            trip.BookFlight(trip_id="another")
        )

    assert str(failed.value).splitlines() == [
        "expected: command BookFlight(trip_id='another')",
        "actual:   command BookFlight(trip_id='t-1') to flight.commands",
        "storyboard so far:",
        f"  given TripSaga with {data!r}",
        "    local step open_trip",
        "    command BookFlight(trip_id='t-1') to flight.commands",
    ]


def test_a_command_that_nobody_expected_fails_what_comes_next(
    trip: SimpleNamespace, data: Any
) -> None:
    with pytest.raises(AssertionError, match=r"expected: nothing more\nactual:   command Book"):
        given(trip.TripSaga, data).expect_local(trip.open_trip).and_given_success()


def test_an_expectation_beyond_what_happened_fails(trip: SimpleNamespace, data: Any) -> None:
    started = given(trip.TripSaga, data).expect_local(trip.open_trip)
    started.expect_command(trip.BookFlight(trip_id="t-1"))

    with pytest.raises(AssertionError, match="actual:   nothing more; RUNNING, waiting at book"):
        started.expect_local(trip.close_trip)
    with pytest.raises(AssertionError, match=r"expected: COMPLETED\nactual:   RUNNING"):
        started.expect_completed()


def test_another_local_step_another_channel_and_other_data_fail(
    trip: SimpleNamespace, data: Any
) -> None:
    with pytest.raises(AssertionError, match="actual:   local step open_trip"):
        given(trip.TripSaga, data).expect_local(trip.close_trip)

    booking = given(trip.TripSaga, data).expect_local(trip.open_trip)
    booking.expect_command(trip.BookFlight(trip_id="t-1"))
    with pytest.raises(AssertionError, match=r"actual:   to flight\.commands"):
        booking.to("car.commands")
    with pytest.raises(AssertionError, match=r"actual:   \{'reason': None\}"):
        booking.expect_data(reason="NO_SEAT")


def test_an_action_is_no_compensation_and_the_other_way_round(
    trip: SimpleNamespace, data: Any
) -> None:
    with pytest.raises(AssertionError, match="expected: compensation open_trip"):
        given(trip.TripSaga, data).expect_compensation(trip.open_trip)

    refused = given(trip.TripSaga, data).expect_local(trip.open_trip)
    refused.expect_command(trip.BookFlight(trip_id="t-1")).and_given_refusal()
    with pytest.raises(AssertionError, match="actual:   compensation cancel_trip"):
        refused.expect_local(trip.cancel_trip)


def test_an_ended_saga_takes_no_answer(trip: SimpleNamespace, data: Any) -> None:
    ended = given(trip.TripSaga, data).expect_local(trip.open_trip)
    ended.expect_command(trip.BookFlight(trip_id="t-1")).and_given_refusal()
    ended.expect_compensation(trip.cancel_trip).expect_compensated()

    for answer in (ended.and_given_success, ended.and_given_timeout, ended.and_given_deadline):
        with pytest.raises(AssertionError, match="COMPENSATED"):
            answer()


class RecordingSession:
    """Stands in for a session: keeps what is added."""

    def __init__(self) -> None:
        self.added: list[object] = []

    def add(self, row: object) -> None:
        self.added.append(row)


def test_local_steps_run_with_a_stand_in_for_their_session(
    trip: SimpleNamespace, data: Any
) -> None:
    session: Any = RecordingSession()

    given(trip.TripSaga, data, session=session).expect_local(trip.open_trip)

    assert [row.trip_id for row in session.added] == ["t-1"]


async def sleepy(data: Any, session: AsyncSession) -> None:
    await asyncio.sleep(0)


def test_a_local_step_that_waits_for_something_real_is_told(trip: SimpleNamespace) -> None:
    class SleepySaga(Saga[trip.TripData], type="Sleepy", version=1):  # type: ignore[name-defined]  # a fixture's
        steps = (local(sleepy),)

    session: Any = RecordingSession()
    with pytest.raises(AssertionError, match="sleepy waited for something real"):
        given(SleepySaga, trip.TripData(trip_id="t-1"), session=session)


def test_the_branches_of_a_saga_are_each_step_with_each_outcome(trip: SimpleNamespace) -> None:
    found = {str(branch) for branch in branches(trip.TripSaga)}

    assert found == {
        "open_trip: success",
        "undoing open_trip: success",
        "book_flight: flight.FlightBooked.v1",
        "book_flight: flight.NoSeat.v1",
        "book_flight: timeout",
        "book_flight: deadline",
        "undoing book_flight: success",
        "undoing book_flight: refused",
        "undoing book_flight: timeout",
        "book_car: success",
        "book_car: refused",
        "book_car: timeout",
        "book_car: deadline",
        "book_car: skipped",
        "undoing book_car: success",
        "undoing book_car: refused",
        "undoing book_car: timeout",
        "charge_card: success",
        "charge_card: card.CardDeclined.v1",
        "charge_card: timeout",
        "send_ticket: success",
        "send_ticket: refused",
        "send_ticket: timeout",
        "close_trip: success",
    }


def test_a_local_step_that_nothing_can_send_back_has_no_branch_of_undoing_it(
    trip: SimpleNamespace,
) -> None:
    class ForwardSaga(Saga[trip.TripData], type="Forward", version=1):  # type: ignore[name-defined]  # a fixture's
        steps = (
            local(trip.open_trip, compensation=trip.cancel_trip),
            command(trip.send_ticket, kind=RETRIABLE),
        )

    undone = [branch for branch in branches(ForwardSaga) if branch.direction != Direction.ACTION]
    assert undone == []


def test_coverage_tells_the_branches_that_no_scenario_went_through(
    trip: SimpleNamespace, data: Any
) -> None:
    covered = BranchCoverage(trip.TripSaga)
    booking = covered.given(data).expect_local(trip.open_trip)
    booking.expect_command(trip.BookFlight(trip_id="t-1")).and_given_reply(trip.NoSeat())

    assert branches(trip.TripSaga) - covered.missing == {
        Branch("open_trip", Direction.ACTION, "success"),
        Branch("book_flight", Direction.ACTION, "flight.NoSeat.v1"),
        Branch("open_trip", Direction.COMPENSATION, "success"),
    }
    with pytest.raises(
        AssertionError, match=r"(?s)no scenario of TripSaga goes through:.*  book_c"
    ):
        covered.assert_complete()


def test_scenarios_through_every_branch_are_complete(trip: SimpleNamespace, data: Any) -> None:
    covered = BranchCoverage(trip.TripSaga)
    seat, no_seat, declined = trip.FlightBooked(seat="7A"), trip.NoSeat(), trip.CardDeclined()
    yes, no = Reply(), Refusal()
    for answers in (
        (seat, yes, yes, yes),
        (seat, yes, "time", yes, no, "retry", "time", yes),
        (seat, yes, declined, no, "retry", "time", yes, no, "retry", "time", yes),
        (no_seat,),
        (seat, no, yes),
        ("time", yes),
        ("deadline", yes),
        (seat, "time", yes, yes),
        (seat, "deadline", yes, yes),
    ):
        go_through(covered, data, answers)
    go_through(covered, trip.TripData(trip_id="t-1", wants_car=False), (seat, yes, yes))

    covered.assert_complete()


def go_through(covered: BranchCoverage[Any], data: Any, answers: tuple[Any, ...]) -> None:
    scenario = covered.given(data)
    for answer in answers:
        scenario._unexpected.clear()
        if isinstance(answer, Reply):
            scenario.and_given_reply(answer)
        elif answer == "time":
            scenario.and_given_timeout()
        elif answer == "deadline":
            scenario.and_given_deadline()
        else:
            scenario.advance_time(seconds(5))
