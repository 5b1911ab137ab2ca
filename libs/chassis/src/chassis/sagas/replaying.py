"""Driving a definition with what was recorded of one of its instances.

Everything that came from outside is taken from the log: data at the start, answers, what fell due,
what operators did, and when. What comes of it is the code's: it has to come out as recorded.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from itertools import zip_longest
from typing import Any, Final, NoReturn
from uuid import UUID, uuid4

from chassis.messaging.contracts import Refusal, Reply
from chassis.messaging.envelope import Outcome
from chassis.sagas.definition import SagaDefinition
from chassis.sagas.effects import SendCommand, Transition
from chassis.sagas.happened import (
    DeadlinePassed,
    Happened,
    Intervened,
    Intervention,
    InterventionRefusedError,
    ParentTurned,
    Replied,
    RetryDue,
    Started,
    TimedOut,
)
from chassis.sagas.recorded import RecordedCommand, RecordedEnd, RecordedEntry, RecordedSaga
from chassis.sagas.state import EntryKind, LogEntry, SagaInstance
from chassis.sagas.steps import AwaitedStep
from chassis.sagas.transition import advance

_ANSWERS: Final = (EntryKind.REPLY, EntryKind.REFUSAL, EntryKind.IGNORED)
_BY_ITSELF: Final[Mapping[EntryKind, Callable[[RecordedEntry], Happened]]] = {
    EntryKind.STARTED: lambda _: Started(),
    EntryKind.TIMEOUT: lambda entry: TimedOut(entry.step),
    EntryKind.RETRY: lambda entry: RetryDue(entry.step),
    EntryKind.SUB_SAGA: lambda entry: RetryDue(entry.step),
    EntryKind.DEADLINE: lambda _: DeadlinePassed(),
}
_FROM_OUTSIDE: Final = (
    *(EntryKind.STARTED, *_ANSWERS, EntryKind.TIMEOUT, EntryKind.DEADLINE, EntryKind.INTERVENED),
)


class ReplayDifferenceError(AssertionError):
    """The code does not do what was recorded: names the entry, and what differs."""


def with_commands(saga: SagaDefinition, recorded: RecordedSaga) -> RecordedSaga:
    """The recording with what its saga has sent, which no log keeps: the code tells it.

    Raises ReplayDifferenceError where the code is not what the saga ran on.
    """
    replay = Replay(saga, recorded)
    replay.run()
    complete = recorded.model_copy(update={"commands": tuple(replay.commands)})
    Replay(saga, complete).run_to_the_end()
    return complete


class Replay:
    """One instance, moved again by what was recorded of it."""

    def __init__(self, saga: SagaDefinition, recorded: RecordedSaga) -> None:
        self._saga = saga
        self._recorded = recorded
        self._log = recorded.log
        self._ids = deque(_ids_of_commands(recorded.log))
        self._replies = dict(_noted(saga))
        self.instance = self._started()
        self.commands: list[RecordedCommand] = []

    def run_to_the_end(self) -> None:
        """Raises ReplayDifferenceError at the first difference, of what it comes to as well."""
        self.run()
        self.compare_end()

    def run(self) -> None:
        """Move through the whole log; raises ReplayDifferenceError at the first difference."""
        place = 0
        while place < len(self._log):
            transition = self._advance(place)
            self._compare_entries(place, transition)
            self.commands += _commands(transition)
            place += len(transition.entries)

    def compare_end(self) -> None:
        """Raises ReplayDifferenceError where it came out elsewhere, or has sent other things."""
        pairs = zip_longest(self._recorded.commands, self.commands)
        for recorded, sent in pairs:
            if recorded != sent:
                step = getattr(recorded or sent, "step", None)
                self._differs(f"what the step '{step}' sends", recorded, sent)
        recorded_end, end = self._recorded.end, _end(self.instance)
        for name in RecordedEnd.model_fields:
            before, after = getattr(recorded_end, name), getattr(end, name)
            if before != after:
                self._differs(f"{name} at the end", before, after)

    def _started(self) -> SagaInstance:
        first = self._log[0] if self._log else None
        if first is None or first.kind is not EntryKind.STARTED or first.body is None:
            self._fail("it was recorded before logs kept the data at the start: record it anew")
        return SagaInstance(
            saga_id=self._recorded.saga_id,
            saga_type=self._saga.saga_type,
            definition_version=self._saga.version,
            subject_key=self._recorded.subject_key,
            created_at=first.at,
            data=self._saga.data_type.model_validate(first.body),
        )

    def _advance(self, place: int) -> Transition:
        entry = self._log[place]
        happened = self._happened(place, entry)
        try:
            transition = advance(
                self._saga, self.instance, happened, now=entry.at, new_id=self._next_id
            )
        except InterventionRefusedError as error:
            self._differs(f"entry {place + 1}", entry, f"refused: {error}")
        self.instance = transition.after
        return transition

    def _happened(self, place: int, entry: RecordedEntry) -> Happened:
        if entry.kind is EntryKind.IGNORED and entry.step is None:
            return ParentTurned(entry.message_id or uuid4())
        if entry.kind in _ANSWERS:
            return self._replied(place, entry)
        if entry.kind is EntryKind.INTERVENED:
            return _intervened(entry.detail or "")
        by_itself = _BY_ITSELF.get(entry.kind)
        if by_itself is None:
            self._differs(f"entry {place + 1}", entry, "nothing more before it is answered")
        return by_itself(entry)

    def _replied(self, place: int, entry: RecordedEntry) -> Replied:
        assert entry.step is not None, "an answer says which step it is about"
        assert entry.direction is not None
        assert entry.message_id is not None
        awaited = entry.kind is not EntryKind.IGNORED
        return Replied(
            reply=self._reply(entry),
            wire_type=entry.detail or "",
            message_id=entry.message_id,
            step=entry.step,
            direction=entry.direction,
            command_id=self._answered(place, entry) if awaited else None,
        )

    def _reply(self, entry: RecordedEntry) -> Reply:
        reply_class = self._replies.get(entry.detail or "")
        if reply_class is not None and entry.body is not None:
            return reply_class.model_validate(entry.body)
        return Refusal() if entry.outcome == Outcome.REFUSED else Reply()

    def _answered(self, place: int, answer: RecordedEntry) -> UUID | None:
        about = (answer.step, answer.direction)
        sent = [
            entry.message_id
            for entry in self._log[:place]
            if (entry.step, entry.direction) == about and _is_sent(entry)
        ]
        return sent[-1] if sent else None

    def _next_id(self) -> UUID:
        return self._ids.popleft() if self._ids else uuid4()

    def _compare_entries(self, place: int, transition: Transition) -> None:
        recorded = self._log[place : place + len(transition.entries)]
        for number, (before, written) in enumerate(
            zip_longest(recorded, transition.entries), place + 1
        ):
            after = _as_recorded(written)
            if before is None or _what_counts(before) != _what_counts(after):
                self._differs(f"entry {number}", before, after)

    def _differs(self, what: str, recorded: object, now: object) -> NoReturn:
        if isinstance(recorded, Mapping) and isinstance(now, Mapping):
            recorded, now = _without_what_both_have(recorded, now)
        self._fail(f"{what}\n  recorded: {_told(recorded)}\n  the code: {_told(now)}")

    def _fail(self, difference: str) -> NoReturn:
        named = f"{self._recorded.saga_type} version {self._recorded.definition_version}"
        raise ReplayDifferenceError(f"{named}, saga {self._recorded.saga_id}: {difference}")


def _is_sent(entry: RecordedEntry) -> bool:
    return entry.kind not in _FROM_OUTSIDE and entry.message_id is not None


def _ids_of_commands(log: tuple[RecordedEntry, ...]) -> Iterator[UUID]:
    for entry in log:
        if _is_sent(entry) and entry.message_id is not None:
            yield entry.message_id


def _noted(saga: SagaDefinition) -> Iterator[tuple[str, type[Reply]]]:
    for step in saga.single_steps():
        if isinstance(step, AwaitedStep):
            for reply in (*step.replies, *step.refusals):
                yield reply.wire_type, reply


def _intervened(detail: str) -> Intervened:
    """As it is written in the log: `RETRY by <by>: <reason>`."""
    move, _, rest = detail.partition(" by ")
    by, _, reason = rest.partition(": ")
    return Intervened(Intervention(move), reason, by)


def _commands(transition: Transition) -> Iterator[RecordedCommand]:
    for effect in transition.effects:
        if isinstance(effect, SendCommand):
            yield RecordedCommand(
                step=effect.step.name,
                type=effect.command.wire_type,
                body=effect.command.model_dump(mode="json"),
            )


def _end(instance: SagaInstance) -> RecordedEnd:
    return RecordedEnd(
        state=instance.state,
        step=instance.step,
        direction=instance.direction,
        attempt=instance.attempt,
        done=instance.done,
        data=instance.data.model_dump(mode="json"),
    )


def _as_recorded(entry: LogEntry) -> RecordedEntry:
    return RecordedEntry(
        at=entry.at,
        kind=entry.kind,
        step=entry.step,
        direction=entry.direction,
        attempt=entry.attempt,
        message_id=entry.message_id,
        outcome=entry.outcome,
        detail=entry.detail,
    )


def _what_counts(entry: RecordedEntry) -> tuple[Any, ...]:
    """A sentence in `detail` may be worded anew; a message's type may not."""
    detail = entry.detail if entry.message_id is not None else None
    about = (entry.kind, entry.step, entry.direction, entry.attempt)
    return (*about, entry.message_id, entry.outcome, detail)


def _without_what_both_have(
    recorded: Mapping[str, Any], now: Mapping[str, Any]
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    same = {key for key in recorded.keys() & now.keys() if recorded[key] == now[key]}
    return (
        {key: value for key, value in recorded.items() if key not in same},
        {key: value for key, value in now.items() if key not in same},
    )


def _told(value: object) -> str:
    if isinstance(value, RecordedCommand):
        return f"{value.type} {value.body}"
    return "nothing" if value is None else str(value)
