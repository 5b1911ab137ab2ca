"""Commands that are under way at the same time: each on its own, and turned back together."""

from types import SimpleNamespace
from typing import Any

import pytest

from chassis.sagas import Intervention, InterventionRefusedError, seconds
from chassis.testing.saga_branches import branches
from chassis.testing.sagas import SagaScenario, given

RETRY, SKIP, PAUSE, RESUME = (
    Intervention.RETRY,
    Intervention.SKIP,
    Intervention.PAUSE,
    Intervention.RESUME,
)
Scenario = SagaScenario[Any]


class Commands:
    """The commands of a trip."""

    def __init__(self, trip: SimpleNamespace) -> None:
        self.flight = trip.BookFlight(trip_id="t-1")
        self.no_flight = trip.CancelFlight(trip_id="t-1")
        self.car = trip.BookCar(trip_id="t-1")
        self.no_car = trip.CancelCar(trip_id="t-1")
        self.passport = trip.CheckPassport(trip_id="t-1")
        self.card = trip.ChargeCard(trip_id="t-1")
        self.ticket = trip.SendTicket(trip_id="t-1")
        self.voucher = trip.SendVoucher(trip_id="t-1")


@pytest.fixture
def the(trip: SimpleNamespace) -> Commands:
    return Commands(trip)


@pytest.fixture
def booking(trip: SimpleNamespace, data: Any, the: Commands) -> Scenario:
    """Flight, car and passport are under way."""
    return (
        given(trip.BookTogetherSaga, data)
        .expect_local(trip.open_trip)
        .expect_command(the.flight)
        .to("flight.commands")
        .expect_command(the.car)
        .to("car.commands")
        .expect_command(the.passport)
    )


@pytest.fixture
def sending(booking: Scenario, trip: SimpleNamespace, the: Commands) -> Scenario:
    """Past the pivot: ticket and voucher are under way."""
    for step in (trip.book_flight, trip.book_car, trip.check_passport):
        booking.and_given_success(of=step)
    charging = booking.expect_command(the.card).and_given_success()
    return charging.expect_command(the.ticket).expect_command(the.voucher)


def test_a_group_goes_on_when_all_of_its_steps_are_answered_in_whatever_order(
    booking: Scenario, trip: SimpleNamespace, the: Commands
) -> None:
    booking.and_given_success(of=trip.check_passport).and_given_success(of=trip.book_car)

    booking.and_given_reply(trip.FlightBooked(seat="7A"), of=trip.book_flight)

    booking.expect_command(the.card).expect_data(seat="7A")


def test_the_saga_ends_after_its_last_group(sending: Scenario, trip: SimpleNamespace) -> None:
    sending.and_given_success(of="send_voucher").and_given_success(of="send_ticket")

    sending.expect_local(trip.close_trip).expect_completed()


def test_a_step_of_a_group_whose_condition_is_false_is_neither_done_nor_undone(
    trip: SimpleNamespace, the: Commands
) -> None:
    booking = given(trip.BookTogetherSaga, trip.TripData(trip_id="t-1", wants_car=False))
    booking.expect_local(trip.open_trip).expect_command(the.flight).expect_command(the.passport)

    booking.and_given_refusal(of=trip.check_passport)

    booking.expect_compensation(the.no_flight).and_given_success()
    booking.expect_compensation(trip.cancel_trip).expect_compensated()


def test_the_first_refusal_turns_back_at_once_and_undoes_what_is_still_under_way(
    booking: Scenario, trip: SimpleNamespace, the: Commands
) -> None:
    booking.and_given_reply(trip.NoSeat(), of=trip.book_flight)

    (
        booking.expect_compensation(the.no_car)
        .and_given_success()
        .expect_compensation(trip.cancel_trip)
        .expect_compensated()
        .expect_data(reason="NO_SEAT")
    )


def test_a_time_out_of_one_step_undoes_all_of_them_side_by_side(
    booking: Scenario, trip: SimpleNamespace, the: Commands
) -> None:
    booking.and_given_success(of=trip.book_car).advance_time(seconds(10))

    booking.expect_compensation(the.no_flight).expect_compensation(the.no_car)
    booking.and_given_success(of=trip.book_car).and_given_success(of=trip.book_flight)
    booking.expect_compensation(trip.cancel_trip).expect_compensated()
    booking.expect_data(reason="TIMED_OUT")


def test_an_undoing_that_is_refused_is_tried_again_while_the_others_go_on(
    booking: Scenario, trip: SimpleNamespace, the: Commands
) -> None:
    booking.and_given_timeout(of=trip.book_flight)
    booking.expect_compensation(the.no_flight).expect_compensation(the.no_car)

    booking.and_given_refusal(of=trip.book_flight).advance_time(seconds(0.9))
    booking.advance_time(seconds(0.1)).expect_compensation(the.no_flight)


def test_each_step_of_a_group_is_tried_again_in_its_own_time(
    sending: Scenario, trip: SimpleNamespace, the: Commands
) -> None:
    sending.advance_time(seconds(10)).expect_command(the.ticket)
    sending.advance_time(seconds(10)).expect_command(the.voucher)

    sending.and_given_refusal(of=trip.send_ticket).advance_time(seconds(1.9))
    sending.advance_time(seconds(0.1)).expect_command(the.ticket)
    sending.and_given_success(of=trip.send_ticket).and_given_success(of=trip.send_voucher)
    sending.expect_local(trip.close_trip).expect_completed()


def exhausted(sending: Scenario, the: Commands, of: str) -> Scenario:
    """The commands of one step are never answered."""
    again = the.ticket if of == "send_ticket" else the.voucher
    for _ in range(2):
        sending.and_given_timeout(of=of).expect_command(again)
    return sending.and_given_timeout(of=of)


def test_a_parked_step_does_not_keep_the_others_from_being_tried(
    sending: Scenario, the: Commands
) -> None:
    sending.advance_time(seconds(10)).expect_command(the.ticket)
    sending.advance_time(seconds(10)).expect_command(the.voucher)
    sending.advance_time(seconds(1)).expect_command(the.ticket)
    sending.advance_time(seconds(12))  # the ticket is parked

    sending.advance_time(seconds(8)).expect_command(the.voucher)
    sending.advance_time(seconds(22)).expect_needs_attention()


def test_a_saga_needs_attention_when_all_that_is_left_is_parked(
    sending: Scenario, trip: SimpleNamespace, the: Commands
) -> None:
    exhausted(sending, the, "send_ticket").and_given_success(of=trip.send_voucher)

    sending.expect_needs_attention()
    sending.and_given_success(of=trip.send_ticket)
    sending.expect_local(trip.close_trip).expect_completed()


def test_a_retry_sends_again_only_what_is_not_answered(
    sending: Scenario, trip: SimpleNamespace, the: Commands
) -> None:
    exhausted(sending, the, "send_ticket").and_given_success(of=trip.send_voucher)

    sending.and_given_intervention(RETRY).expect_command(the.ticket)
    exhausted(sending, the, "send_ticket").expect_needs_attention()


def test_a_retry_of_a_group_sends_what_is_parked_and_what_is_waited_for(
    sending: Scenario, the: Commands
) -> None:
    exhausted(sending, the, "send_ticket")

    sending.and_given_intervention(RETRY).expect_command(the.ticket).expect_command(the.voucher)


def test_skipping_a_group_takes_all_that_is_open_as_done(
    sending: Scenario, trip: SimpleNamespace
) -> None:
    sending.and_given_success(of=trip.send_ticket).and_given_intervention(SKIP)

    sending.expect_local(trip.close_trip).expect_completed()


def test_a_cancelled_group_is_undone_side_by_side(
    booking: Scenario, trip: SimpleNamespace, the: Commands
) -> None:
    booking.and_given_success(of=trip.book_car).and_given_cancellation()

    booking.expect_compensation(the.no_flight).expect_compensation(the.no_car)
    booking.expect_data(reason="CANCELLED")


def test_a_group_past_the_pivot_is_not_turned_back(sending: Scenario) -> None:
    with pytest.raises(InterventionRefusedError, match="past its point of no return, at 'send'"):
        sending.and_given_cancellation()


def test_a_paused_group_takes_its_answers_and_goes_on_when_it_is_resumed(
    booking: Scenario, trip: SimpleNamespace, the: Commands
) -> None:
    booking.and_given_success(of=trip.book_flight).and_given_intervention(PAUSE)
    booking.and_given_success(of=trip.book_car).advance_time(seconds(100))
    booking.and_given_success(of=trip.check_passport).expect_paused()

    booking.and_given_intervention(RESUME).expect_command(the.card)


def test_the_times_of_a_paused_group_stand_still(booking: Scenario, the: Commands) -> None:
    booking.advance_time(seconds(5)).and_given_intervention(PAUSE).advance_time(seconds(100))

    booking.and_given_intervention(RESUME).advance_time(seconds(4.9))
    booking.advance_time(seconds(0.1)).expect_compensation(the.no_flight)


def test_a_refusal_in_a_pause_turns_a_group_back_when_it_is_resumed(
    booking: Scenario, trip: SimpleNamespace, the: Commands
) -> None:
    booking.and_given_intervention(PAUSE).and_given_refusal(of=trip.check_passport).expect_paused()

    booking.and_given_intervention(RESUME)
    booking.expect_compensation(the.no_flight).expect_compensation(the.no_car)


def test_the_deadline_undoes_a_group_that_can_be_undone(
    booking: Scenario, trip: SimpleNamespace, the: Commands
) -> None:
    booking.and_given_deadline()

    booking.expect_compensation(the.no_flight).expect_compensation(the.no_car)


def test_the_deadline_is_only_recorded_at_a_group_past_the_pivot(sending: Scenario) -> None:
    sending.and_given_deadline().expect_data(reason=None)


def test_an_answer_in_a_scenario_says_whose_it_is(booking: Scenario, trip: SimpleNamespace) -> None:
    with pytest.raises(AssertionError, match="say `of=` one of book_flight, book_car, check_pass"):
        booking.and_given_success()
    with pytest.raises(AssertionError, match="'send_ticket' is not waited for"):
        booking.and_given_success(of=trip.send_ticket)


def test_the_branches_of_a_group_are_those_of_its_steps_and_one_deadline(
    trip: SimpleNamespace,
) -> None:
    found = {str(branch) for branch in branches(trip.BookTogetherSaga)}

    assert {"book: deadline", "book_car: skipped", "book_flight: timeout"} <= found
    assert {"undoing book_car: timeout", "send_voucher: refused"} <= found
    assert "book_car: deadline" not in found
    assert "undoing check_passport: success" not in found
