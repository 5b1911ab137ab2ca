"""Whatever happens to a saga, in whatever order, it ends well or asks for attention."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis.messaging.contracts import Refusal, Reply
from chassis.messaging.envelope import Direction
from chassis.sagas.effects import Effect, RunLocal
from chassis.sagas.happened import (
    Happened,
    Intervened,
    Intervention,
    InterventionRefusedError,
    Replied,
    Started,
    due,
)
from chassis.sagas.moves.interventions import possible_interventions
from chassis.sagas.state import EntryKind, LogEntry, SagaInstance, SagaState
from chassis.sagas.stored import decode_branches, encode_branches
from chassis.sagas.transition import advance

SUCCESS, REFUSAL, SILENCE, LONG_SILENCE, OLD_ANSWER, INTERVENTION = range(6)
MOVES = tuple(Intervention)
ENDED_WELL = {SagaState.COMPLETED, SagaState.COMPENSATED}

whatever = st.lists(
    st.tuples(
        st.sampled_from(
            [SUCCESS, SUCCESS, REFUSAL, SILENCE, LONG_SILENCE, OLD_ANSWER, INTERVENTION]
        ),
        st.integers(min_value=0, max_value=50),
    ),
    max_size=40,
)


class World:
    """One saga, its participants, and a clock."""

    def __init__(self, trip: SimpleNamespace, *, wants_car: bool, saga: Any = None) -> None:
        self.saga = saga or trip.TripSaga
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.instance = SagaInstance(
            saga_id=uuid4(),
            saga_type=self.saga.saga_type,
            definition_version=1,
            subject_key="t-1",
            created_at=self.now,
            data=trip.TripData(trip_id="t-1", wants_car=wants_car),
        )
        self.log: list[LogEntry] = []
        self.effects: list[Effect] = []
        self.answers: list[Replied] = []
        self.moves: list[Intervention] = []
        self.happen(Started())

    def happen(self, happened: Happened) -> None:
        moved = advance(self.saga, self.instance, happened, now=self.now, new_id=uuid4)
        if self.instance.state in ENDED_WELL:
            assert moved.after is self.instance, "what has ended stays as it is"
            assert not moved.effects
        if moved.after.paused_at is not None:
            assert moved.after.wake_at is None, "the timers of a paused saga rest"
            assert not moved.effects
        elif moved.after.state.is_live:
            assert moved.after.wake_at is not None, "a saga that moves by itself has an alarm set"
        else:
            assert moved.after.wake_at is None
        stored = encode_branches(moved.after.branches)
        assert decode_branches(stored) == moved.after.branches
        self.instance = moved.after
        self.effects.extend(moved.effects)
        self.log.extend(moved.entries)

    def let(self, what: int, choice: int) -> None:
        if what == OLD_ANSWER:
            if self.answers:
                self.happen(self.answers[choice % len(self.answers)])
        elif what in (SILENCE, LONG_SILENCE):
            self.pass_time(timedelta(seconds=200) if what == LONG_SILENCE else None)
        elif what == INTERVENTION:
            self.intervene(MOVES[choice % len(MOVES)])
        elif self.open:
            self.answer(Reply() if what == SUCCESS else Refusal(), choice)

    @property
    def open(self) -> list[tuple[str | None, UUID]]:
        """The steps that are waited for, and what was last sent for each."""
        branches = self.instance.branches or ()
        waits = [(one.step, one.command_id) for one in branches if one.state != "done"]
        if self.instance.branches is None:
            waits = [(self.instance.step, self.instance.command_id)]  # type: ignore[list-item]
        return [(step, command_id) for step, command_id in waits if command_id is not None]

    def intervene(self, move: Intervention) -> None:
        possible = move in possible_interventions(self.saga, self.instance)
        try:
            self.happen(Intervened(move, "to see what happens", "hypothesis"))
        except InterventionRefusedError:
            assert not possible
        else:
            assert possible
            self.moves.append(move)

    def answer(self, reply: Reply, choice: int = 0) -> None:
        step, command_id = self.open[choice % len(self.open)]
        assert step is not None
        answered = Replied(
            reply=reply,
            wire_type="some.Answer.v1",
            message_id=uuid4(),
            step=step,
            direction=self.instance.direction,
            command_id=command_id,
        )
        self.answers.append(answered)
        self.happen(answered)

    def pass_time(self, by: timedelta | None) -> None:
        """By so much, or until the next thing that is due."""
        wake_at = self.instance.wake_at
        if wake_at is not None:
            self.now = max(self.now, wake_at) if by is None else self.now + by
        happened = due(self.instance, self.now)
        if happened is not None:
            self.happen(happened)

    def finish(self) -> None:
        """From here on nobody pauses it and every participant succeeds at once."""
        if self.instance.paused_at is not None:
            self.intervene(Intervention.RESUME)
        for _ in range(20):
            if self.instance.state in ENDED_WELL:
                return
            if not self.open:
                if not self.instance.state.is_live:
                    return
                self.pass_time(None)
            else:
                self.answer(Reply())
        raise AssertionError(f"it does not end: {self.instance}")

    def names(self, direction: Direction, *kinds: EntryKind) -> list[str]:
        found = (entry for entry in self.log if entry.direction is direction)
        return [str(entry.step) for entry in found if entry.kind in kinds]


def assert_ended_well(world: World) -> None:
    state = world.instance.state
    if {Intervention.SKIP, Intervention.COMPLETE}.intersection(world.moves):
        assert state in ENDED_WELL or world.instance.error
        return
    happened = world.names(Direction.ACTION, EntryKind.LOCAL, EntryKind.REPLY)
    undone = world.names(Direction.COMPENSATION, EntryKind.LOCAL, EntryKind.REPLY)
    if state is SagaState.COMPLETED:
        skipped = world.names(Direction.ACTION, EntryKind.SKIPPED)
        assert sorted([*happened, *skipped]) == sorted(step.name for step in world.saga.steps)
        assert undone == []
    elif state is SagaState.COMPENSATED:
        assert undone == list(reversed([*happened, *given_up(world)])), "each once, backwards"
        assert "charge_card" not in happened, "nothing is undone after the pivot"
    else:
        assert state is SagaState.NEEDS_ATTENTION
        assert world.instance.error


def given_up(world: World) -> list[str]:
    """The step whose answer was not waited for any longer: it may have happened."""
    last = next(entry for entry in reversed(world.log) if turned_back(entry))
    answered = last.kind is EntryKind.REFUSAL or last.step is None
    return [] if answered else [str(last.step)]


def turned_back(entry: LogEntry) -> bool:
    is_action = entry.direction is Direction.ACTION
    kinds = {EntryKind.REFUSAL, EntryKind.TIMEOUT, EntryKind.DEADLINE}
    return (is_action and entry.kind in kinds) or is_turn(entry)


def is_turn(entry: LogEntry) -> bool:
    turns = (Intervention.COMPENSATE, Intervention.CANCEL)
    return entry.kind is EntryKind.INTERVENED and str(entry.detail).startswith(turns)


def assert_group_ended_well(world: World) -> None:
    """As above; only that steps of a group are done and undone in any order."""
    state = world.instance.state
    if {Intervention.SKIP, Intervention.COMPLETE}.intersection(world.moves):
        assert state in ENDED_WELL or world.instance.error
        return
    happened = world.names(Direction.ACTION, EntryKind.LOCAL, EntryKind.REPLY)
    undone = world.names(Direction.COMPENSATION, EntryKind.LOCAL, EntryKind.REPLY)
    if state is SagaState.COMPLETED:
        skipped = world.names(Direction.ACTION, EntryKind.SKIPPED)
        every = sorted(step.name for step in world.saga.single_steps())
        assert sorted({*happened, *skipped}) == every
        assert undone == []
    elif state is SagaState.COMPENSATED:
        sent = {*happened, *world.names(Direction.ACTION, EntryKind.COMMAND)} - refused(world)
        steps = world.saga.single_steps()
        to_undo = [one.name for one in steps if one.compensation and one.name in sent]
        assert sorted(undone) == sorted(to_undo), "each once"
        assert undone[-1] == "open_trip"
        assert "charge_card" not in happened
    else:
        assert state is SagaState.NEEDS_ATTENTION
        assert world.instance.error


def refused(world: World) -> set[str]:
    """The step whose refusal turned the saga back: it has not happened."""
    last = next(entry for entry in reversed(world.log) if turned_back(entry))
    return {str(last.step)} if last.kind is EntryKind.REFUSAL else set()


@given(whatever=whatever, wants_car=st.booleans())
@settings(
    max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_saga_with_groups_ends_completed_or_compensated_or_asks_for_attention(
    trip: SimpleNamespace, whatever: list[tuple[int, int]], *, wants_car: bool
) -> None:
    world = World(trip, wants_car=wants_car, saga=trip.BookTogetherSaga)
    for what, choice in whatever:
        world.let(what, choice)
    world.finish()

    assert_group_ended_well(world)


@given(whatever=whatever, wants_car=st.booleans())
@settings(
    max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_saga_ends_completed_or_compensated_or_asks_for_attention(
    trip: SimpleNamespace, whatever: list[tuple[int, int]], *, wants_car: bool
) -> None:
    world = World(trip, wants_car=wants_car)
    for what, choice in whatever:
        world.let(what, choice)
    world.finish()

    assert_ended_well(world)


@given(whatever=whatever)
@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_local_step_is_done_at_most_once_and_undone_at_most_once(
    trip: SimpleNamespace, whatever: list[tuple[int, int]]
) -> None:
    world = World(trip, wants_car=True)
    for what, choice in whatever:
        world.let(what, choice)

    run: list[Any] = [
        (effect.step.name, effect.direction)
        for effect in world.effects
        if isinstance(effect, RunLocal)
    ]
    assert len(run) == len(set(run))
