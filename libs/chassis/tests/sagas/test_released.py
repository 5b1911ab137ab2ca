"""A released definition does not change under the instances that are on it."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from chassis.sagas import (
    COMPENSATABLE,
    PIVOT,
    RETRIABLE,
    Retry,
    Saga,
    command,
    local,
    minutes,
    parallel,
    seconds,
    sub_saga,
)
from chassis.sagas.released import (
    changed_sagas,
    described_sagas,
    release_sagas,
    released_sagas,
)

Definition = Callable[..., Any]


@pytest.fixture
def definition(trip: SimpleNamespace) -> Definition:
    """The trip saga, or what became of it."""

    def make(version: int = 1, **changes: Any) -> Any:
        step = {
            "compensation": trip.cancel_flight,
            "timeout": seconds(10),
            "replies": {trip.FlightBooked: trip.note_seat},
        } | changes.pop("book_flight", {})
        book_flight = command(trip.book_flight, **step)
        declared = {
            "deadline": minutes(1),
            "on_timeout": trip.note_timed_out,
            "steps": (
                local(trip.open_trip, compensation=trip.cancel_trip),
                book_flight,
                command(trip.charge_card, kind=PIVOT),
                command(trip.send_ticket, kind=RETRIABLE),
            ),
        } | changes
        data = declared.pop("data", trip.TripData)

        class TripSaga(Saga[data], type="Trip", version=version):
            deadline = declared["deadline"]
            on_timeout = declared["on_timeout"]
            steps = declared["steps"]

        return TripSaga

    return make


@pytest.fixture
def folder(tmp_path: Path, definition: Definition) -> Path:
    """Where the trip saga has been released."""
    release_sagas([definition()], tmp_path)
    return tmp_path


def told(folder: Path, *sagas: Any) -> str:
    [changed] = changed_sagas(sagas, folder)
    return str(changed)


def test_what_is_released_is_read_again(folder: Path, definition: Definition) -> None:
    assert released_sagas(folder) == described_sagas([definition()])
    assert changed_sagas([definition()], folder) == []


def test_how_long_things_may_take_may_change(folder: Path, definition: Definition) -> None:
    slower = definition(
        deadline=minutes(5),
        book_flight={"timeout": seconds(20), "retry": Retry(attempts=3)},
    )

    assert changed_sagas([slower], folder) == []
    assert released_sagas(folder) != described_sagas([slower])


def test_a_new_version_beside_the_old_one_is_no_change(
    folder: Path, definition: Definition, trip: SimpleNamespace
) -> None:
    newer = definition(version=2, steps=(command(trip.book_flight, kind=COMPENSATABLE),))

    assert changed_sagas([definition(), newer], folder) == []


def test_an_inserted_step_is_named_with_the_way_out(
    folder: Path, definition: Definition, trip: SimpleNamespace
) -> None:
    steps = definition().steps
    inserted = command(trip.book_car, compensation=trip.cancel_car)

    sentence = told(folder, definition(steps=(*steps[:2], inserted, *steps[2:])))

    assert sentence.startswith("Trip version 1 is released and has changed: ")
    assert "the step 'book_car' is new" in sentence
    assert "declare what is new as version 2 beside it" in sentence


def test_a_step_that_is_gone_and_steps_that_changed_places_are_named(
    folder: Path, definition: Definition
) -> None:
    first, second, *rest = definition().steps

    assert "the step 'charge_card' is gone" in told(
        folder, definition(steps=(first, second, rest[1]))
    )
    assert "another order: book_flight, open_trip," in told(
        folder, definition(steps=(second, first, *rest))
    )


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ({"compensation": None}, "compensation was cancel_flight -> flight.CancelFlight.v1 and is"),
        ({"replies": {}}, "replies was ['flight.FlightBooked.v1'] and is []"),
        ({"when": lambda data: data.wants_car}, "when was None and is <lambda>"),
    ],
)
def test_what_a_step_does_stays_what_it_is(
    folder: Path, definition: Definition, change: dict[str, Any], difference: str
) -> None:
    sentence = told(folder, definition(book_flight=change))

    assert f"the step 'book_flight': {difference}" in sentence


def test_what_changed_in_a_group_is_named_by_its_own_step(
    tmp_path: Path, trip: SimpleNamespace
) -> None:
    def booking(**changes: Any) -> Any:
        flight = {"compensation": trip.cancel_flight} | changes
        both = (
            command(trip.book_flight, **flight),
            command(trip.book_car, compensation=trip.cancel_car),
        )

        class Together(Saga[trip.TripData], type="Together", version=1):
            steps = (parallel(*both, name="book"),)

        return Together

    release_sagas([booking()], tmp_path)

    assert changed_sagas([booking(timeout=seconds(5))], tmp_path) == []
    assert "the step 'book_flight': compensation was cancel_flight" in told(
        tmp_path, booking(compensation=trip.cancel_car)
    )


def test_another_sub_saga_is_a_change(tmp_path: Path, trip: SimpleNamespace) -> None:
    class OtherPaymentSaga(Saga[trip.PaymentData], type="Payment", version=2):
        steps = trip.PaymentSaga.steps

    def paid(payment: Any) -> Any:
        class Paid(Saga[trip.TripData], type="Paid", version=1):
            steps = (sub_saga(payment, data=trip.pay, compensation=trip.pay_back),)

        return Paid

    release_sagas([paid(trip.PaymentSaga)], tmp_path)

    assert "saga was Payment version 1 and is Payment version 2" in told(
        tmp_path, paid(OtherPaymentSaga)
    )


def test_another_command_of_the_same_step_is_a_change(
    folder: Path, definition: Definition, trip: SimpleNamespace
) -> None:
    def charge_card(data: Any) -> trip.BookCar:  # type: ignore[name-defined]
        return trip.BookCar(trip_id=data.trip_id)

    charge_card.__annotations__["return"] = trip.BookCar
    steps = [
        s if s.name != "charge_card" else command(charge_card, kind=PIVOT)
        for s in definition().steps
    ]

    assert (
        "the step 'charge_card': action was charge_card -> card.ChargeCard.v1 "
        "and is charge_card -> car.BookCar.v1"
    ) in told(folder, definition(steps=tuple(steps)))


def test_what_is_noted_at_a_time_out_stays(folder: Path, definition: Definition) -> None:
    assert "on_timeout was note_timed_out and is None" in told(folder, definition(on_timeout=None))


def test_data_that_one_side_of_a_rolling_change_could_not_read_are_a_change(
    folder: Path, definition: Definition
) -> None:
    class NeedsClass(BaseModel):
        model_config = ConfigDict(frozen=True)
        trip_id: str
        wants_car: bool = True
        seat: str | None = None
        reason: str | None = None
        travel_class: str

    class LacksSeat(BaseModel):
        model_config = ConfigDict(frozen=True)
        trip_id: str
        wants_car: bool = True
        reason: str | None = None

    class MayTellClass(NeedsClass):
        travel_class: str | None = None

    assert "$.travel_class: is required" in told(folder, definition(data=NeedsClass))
    assert "$.seat: is required" in told(folder, definition(data=LacksSeat))
    assert changed_sagas([definition(data=MayTellClass)], folder) == []


def test_a_version_that_is_gone_says_when_it_may_go(folder: Path, definition: Definition) -> None:
    sentence = told(folder, definition(version=2))

    assert "Trip version 1" in sentence
    assert "until `chassis sagas versions` shows no instance on it" in sentence
    assert "Trip.v1.json" in sentence


def test_what_only_a_newer_chassis_tells_of_a_step_is_no_change(
    folder: Path, definition: Definition
) -> None:
    path = folder / "Trip.v1.json"
    path.write_text(path.read_text().replace('"when": null,\n', "", 1))

    assert changed_sagas([definition()], folder) == []
