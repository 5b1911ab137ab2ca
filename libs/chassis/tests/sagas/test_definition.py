"""A saga that could not be carried out is refused when its class is made."""

from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.messaging.contracts import Command, Refusal, Reply
from chassis.sagas import (
    COMPENSATE,
    PIVOT,
    RESEND,
    RETRIABLE,
    Retry,
    Saga,
    SagaDefinitionError,
    command,
    local,
    notify,
    parallel,
    sub_saga,
)
from chassis.sagas.steps import Step, minutes, seconds


class Data(BaseModel):
    model_config = ConfigDict(frozen=True)
    trip: str


class BookFlight(Command, type="flight.BookFlight.v1", key="trip"):
    trip: str


class Keyless(Command, type="flight.Keyless.v1"):
    trip: str


class Booked(Reply, type="flight.Booked.v1"):
    pass


class NoSeat(Refusal, type="flight.NoSeat.v1"):
    pass


class Undeclared(Reply):
    pass


def book_flight(data: Data) -> BookFlight:
    return BookFlight(trip=data.trip)


def cancel_flight(data: Data) -> BookFlight:
    return BookFlight(trip=data.trip)


def rebook_flight(data: Data) -> BookFlight:
    return BookFlight(trip=data.trip)


async def open_trip(data: Data, session: AsyncSession) -> None: ...


async def close_trip(data: Data, session: AsyncSession) -> None: ...


def unannotated(data):  # type: ignore[no-untyped-def]  # the point
    return BookFlight(trip=data.trip)


def keyless(data: Data) -> Keyless:
    return Keyless(trip=data.trip)


def open_at_once(data: Data, session: AsyncSession) -> None: ...


def note(data: Data, _reply: Any) -> Data:
    return data


def define(*declared: Step, **attributes: Any) -> None:
    class TripSaga(Saga[Data], type="Trip", version=1):
        steps = declared
        deadline = attributes.get("deadline")


def refusal_of(*steps: Step, **attributes: Any) -> str:
    with pytest.raises(SagaDefinitionError) as refused:
        define(*steps, **attributes)
    return str(refused.value)


def test_compensatable_steps_then_a_pivot_then_retriable_steps_are_a_saga() -> None:
    define(
        local(open_trip, compensation=close_trip),
        command(book_flight, compensation=cancel_flight),
        command(rebook_flight, kind=PIVOT),
        local(close_trip, kind=RETRIABLE),
    )


def test_a_saga_may_do_without_a_pivot() -> None:
    define(local(open_trip), command(book_flight), command(rebook_flight, kind=RETRIABLE))


def test_a_saga_without_steps_is_refused() -> None:
    assert "list them in `steps`" in refusal_of()


def test_there_is_at_most_one_pivot() -> None:
    message = refusal_of(command(book_flight, kind=PIVOT), command(rebook_flight, kind=PIVOT))

    assert "'book_flight' and 'rebook_flight' are both pivots" in message
    assert "make the first COMPENSATABLE or the second RETRIABLE" in message


def test_a_compensatable_step_after_the_pivot_is_refused() -> None:
    message = refusal_of(command(book_flight, kind=PIVOT), local(close_trip))

    assert "'close_trip' is compensatable and comes after the pivot 'book_flight'" in message
    assert "make it RETRIABLE, or move it before 'book_flight'" in message


def test_a_retriable_step_before_the_pivot_is_refused() -> None:
    message = refusal_of(local(open_trip, kind=RETRIABLE), command(book_flight, kind=PIVOT))

    assert "'book_flight' is pivot and comes after the retriable 'open_trip'" in message


@pytest.mark.parametrize("kind", [PIVOT, RETRIABLE])
def test_a_step_that_is_never_undone_may_not_have_a_compensation(kind: Any) -> None:
    message = refusal_of(command(book_flight, kind=kind, compensation=cancel_flight))

    assert f"the {kind} 'book_flight' has a compensation, which would never run" in message


def test_two_steps_of_one_name_are_refused() -> None:
    assert "two steps are called 'book_flight'" in refusal_of(
        command(book_flight), command(book_flight)
    )


def test_a_step_has_a_name() -> None:
    async_lambda: Any = lambda data: BookFlight(trip=data.trip)  # noqa: E731 - it is what is refused

    assert "not a lambda" in refusal_of(command(async_lambda))


def test_a_command_step_has_to_return_a_command() -> None:
    message = refusal_of(command(unannotated))

    assert "'unannotated' of the command step 'unannotated' has to return a command" in message
    assert "annotate it" in message


def test_a_compensating_function_has_to_return_a_command_as_well() -> None:
    assert "'unannotated' of the command step 'book_flight'" in refusal_of(
        command(book_flight, compensation=unannotated)
    )


def test_a_command_has_to_declare_the_key_that_order_is_kept_for() -> None:
    assert "Keyless of the step 'keyless' has to declare its `type` and `key`" in refusal_of(
        command(keyless)
    )


def test_a_local_step_has_to_be_asynchronous() -> None:
    refused: Any = open_at_once

    assert "'open_at_once' of the local step 'open_at_once' has to be `async def" in refusal_of(
        local(refused)
    )


@pytest.mark.parametrize("reply", [Undeclared, NoSeat, BookFlight])
def test_a_note_of_a_success_is_of_a_declared_reply(reply: type[Any]) -> None:
    message = refusal_of(command(book_flight, replies={reply: note}))

    assert f"'book_flight' notes {reply.__name__} in `replies`" in message


@pytest.mark.parametrize("reply", [Undeclared, Booked, BookFlight])
def test_a_note_of_a_refusal_is_of_a_declared_refusal(reply: type[Any]) -> None:
    message = refusal_of(command(book_flight, refusals={reply: note}))

    assert f"'book_flight' notes {reply.__name__} in `refusals`" in message


def test_times_are_longer_than_nothing() -> None:
    assert "the time-out of 'book_flight'" in refusal_of(command(book_flight, timeout=seconds(0)))
    assert "the retry of 'book_flight'" in refusal_of(command(book_flight, retry=Retry(attempts=0)))
    assert "its deadline" in refusal_of(command(book_flight), deadline=minutes(-1))


def test_a_jitter_is_a_share() -> None:
    assert "the jitter of 'book_flight' is a share of each wait: give a number from" in refusal_of(
        command(book_flight, retry=Retry(jitter=20))
    )


@pytest.mark.parametrize("kind", [PIVOT, RETRIABLE])
def test_what_cannot_be_undone_is_not_compensated_on_a_time_out(kind: Any) -> None:
    message = refusal_of(command(book_flight, kind=kind, on_timeout=COMPENSATE))

    assert f"the {kind} 'book_flight' cannot COMPENSATE on a time-out" in message
    assert "let it RESEND or ASK, or make it COMPENSATABLE" in message


def test_a_group_has_two_steps_or_more_and_a_name_of_its_own() -> None:
    both = (command(book_flight), command(rebook_flight))

    define(parallel(*both, name="book"))
    assert "the group 'book' needs two steps or more" in refusal_of(
        parallel(command(book_flight), name="book")
    )
    assert "the group 'book' needs two steps or more" in refusal_of(parallel(name="book"))
    assert "the group 'book both' needs a name like that of a step" in refusal_of(
        parallel(*both, name="book both")
    )
    assert "two steps are called 'book_flight': give the group another name" in refusal_of(
        parallel(*both, name="book_flight")
    )
    assert "two steps are called 'rebook_flight'" in refusal_of(
        parallel(*both, name="book"), command(rebook_flight)
    )


def test_the_steps_of_a_group_are_commands_of_one_kind() -> None:
    inside: Any = local(open_trip)

    assert "'open_trip' in the group 'book' is no command" in refusal_of(
        parallel(command(book_flight), inside, name="book")
    )
    message = refusal_of(
        parallel(command(book_flight), command(rebook_flight, kind=RETRIABLE), name="book")
    )
    assert "'book_flight' is compensatable and 'rebook_flight' is retriable, both in" in message
    assert "give them one kind, or put them into two groups" in message


def test_a_pivot_stands_alone() -> None:
    message = refusal_of(
        parallel(command(book_flight), command(rebook_flight, kind=PIVOT), name="book")
    )

    assert "the pivot 'rebook_flight' is in the group 'book': a pivot stands alone" in message
    assert "move it after 'book'" in message


def test_a_group_has_its_place_in_the_order_like_a_step() -> None:
    message = refusal_of(
        command(book_flight, kind=PIVOT),
        parallel(command(rebook_flight), command(cancel_flight), name="book"),
    )

    assert "'book' is compensatable and comes after the pivot 'book_flight'" in message


def test_the_steps_of_a_group_are_checked_like_others() -> None:
    assert "the command step 'unannotated' has to return a command" in refusal_of(
        parallel(command(book_flight), command(unannotated), name="book")
    )


def test_a_notification_is_no_pivot_and_gives_a_command() -> None:
    assert "the notification 'book_flight' is a pivot, and nobody answers" in refusal_of(
        notify(book_flight, kind=PIVOT)
    )
    assert "the command step 'unannotated' has to return a command" in refusal_of(
        notify(unannotated)
    )


class ChildSaga(Saga[Data], type="Child", version=1):
    steps = (command(book_flight),)


def child_data(data: Data) -> Data:
    return data


def test_a_sub_saga_names_a_saga_and_is_not_sent_again_while_it_is_under_way() -> None:
    no_saga: Any = Data

    define(sub_saga(ChildSaga, data=child_data))
    assert "'child_data' starts Data, which is no Saga: name its class" in refusal_of(
        sub_saga(no_saga, data=child_data)
    )
    assert "the sub-saga 'child_data' cannot RESEND on a time-out" in refusal_of(
        sub_saga(ChildSaga, data=child_data, timeout=seconds(1), on_timeout=RESEND)
    )
    assert "the time-out of 'child_data'" in refusal_of(
        sub_saga(ChildSaga, data=child_data, timeout=seconds(0))
    )


def test_the_data_are_named_and_frozen() -> None:
    class Changeable(BaseModel):
        trip: str

    with pytest.raises(SagaDefinitionError, match="a frozen pydantic model"):

        class ChangeableSaga(Saga[Changeable], type="Changeable", version=1):
            steps = (local(open_trip),)

    with pytest.raises(SagaDefinitionError, match="does not name its data"):

        class NamelessSaga(Saga, type="Nameless", version=1):  # type: ignore[type-arg]  # the point
            steps = (local(open_trip),)


def test_waits_between_attempts_grow_up_to_a_limit() -> None:
    retry = Retry(first=seconds(1), factor=3, longest=seconds(5))

    assert [retry.delay(attempt) for attempt in range(5)] == [
        seconds(0),
        seconds(1),
        seconds(3),
        seconds(5),
        seconds(5),
    ]
