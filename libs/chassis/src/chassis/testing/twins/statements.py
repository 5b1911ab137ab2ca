"""The twins of the chassis's own statements: what each does, over the tables of a `Store`.

A conformance test runs the same steps on a twin and on PostgreSQL and compares.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from chassis.consumers import barrier, dead_letters, deferral, inbox, late
from chassis.flows import statements as flows
from chassis.outbox import session as outbox
from chassis.outbox.row import OutboxRow
from chassis.testing import outbox as testing_outbox
from chassis.testing.twins.session import StatementTwin
from chassis.testing.twins.store import Store

OUTBOX, INBOX, STEPS = "outbox", "received_messages", "participant_steps"
DEFERRED, DEAD_LETTERS, FLOWS = "deferred_messages", "dead_letters", "flow_expectations"
ANSWERS = "pending_answers"


class TakenIn(NamedTuple):
    kind: str
    id: UUID | None = None
    name: str | None = None
    direction: str | None = None
    outcome: str | None = None
    reply_type: str | None = None
    reply_body: bytes | None = None
    conversation: str | None = None
    locked_step: str | None = None


class PendingAnswer(NamedTuple):
    token_digest: bytes
    command_id: UUID
    wire_type: str
    correlation_id: str
    reply_to: str
    saga_type: str | None
    saga_id: UUID | None
    step: str | None
    direction: str | None
    trace: str | None


class Deferred(NamedTuple):
    id: int
    key: str
    message_id: UUID
    wire_type: str
    subject: str
    headers: str
    body: bytes
    attempts: int
    reason: str
    consumer: str
    error: str | None
    next_attempt_at: datetime


class Buried(NamedTuple):
    consumer: str
    subject: str
    key: str | None
    message_id: UUID | None
    wire_type: str | None
    headers: str
    body: bytes
    reason: str
    error: str
    attempts: int


class Expectation(NamedTuple):
    flow: str
    key: str
    awaits: str | None
    stage: int
    due_at: datetime | None
    ended: bool = False


def take_in(  # noqa: PLR0917 - a statement's parameters have no names
    store: Store,
    consumer: str,
    message_ids: Sequence[UUID],
    keys: Sequence[str],
    saga_ids: Sequence[UUID],
    steps: Sequence[str],
) -> list[TakenIn]:
    answer = []
    for message_id in dict.fromkeys(message_ids):
        if store.get(INBOX, (consumer, message_id)) is None:
            store.put(INBOX, (consumer, message_id), datetime.now(UTC))
            answer.append(TakenIn("fresh", id=message_id))
    waiting = {one.key for one in store.rows(DEFERRED) if one.consumer == consumer}
    answer += [TakenIn("behind", name=key) for key in keys if key in waiting]
    for saga_id, step in zip(saga_ids, steps, strict=True):
        recorded = (store.get(STEPS, (saga_id, step, way)) for way in ("action", "compensation"))
        answer += [one for one in recorded if one is not None]
    return answer


def record_steps(store: Store, *columns: Sequence[Any]) -> list[Any]:
    for row in zip(*columns[:6], strict=True):
        place = row[:3]
        if store.get(STEPS, place) is not None:
            told = f"duplicate key {place} of {STEPS}"
            raise IntegrityError(told, None, ValueError(told))
        store.put(STEPS, place, TakenIn("step", *row))
    return insert_messages(store, *columns[6:])


def replace_steps(store: Store, *columns: Sequence[Any]) -> list[tuple[UUID]]:
    replaced = []
    for *row, before in zip(*columns, strict=True):
        place = tuple(row[:3])
        recorded = store.get(STEPS, place)
        if recorded is not None and recorded.reply_type == before:
            store.put(STEPS, place, TakenIn("step", *row))
            replaced.append((row[0],))
    return replaced


def expect_answers(store: Store, *columns: Sequence[Any]) -> list[Any]:
    for values in zip(*columns, strict=True):
        store.put(ANSWERS, values[0], PendingAnswer._make(values))
    return []


def spend_answers(store: Store, *columns: Sequence[Any]) -> list[Any]:
    places = set(zip(*columns, strict=True))
    for digest, one in store.items(ANSWERS):
        if (one.saga_id, one.step, one.direction) in places:
            store.remove(ANSWERS, digest)
    return []


def answer_late(
    store: Store, digest: bytes, outcome: str, reply_type: str, body: bytes
) -> list[PendingAnswer]:
    question: PendingAnswer | None = store.get(ANSWERS, digest)
    if question is None:
        return []
    store.remove(ANSWERS, digest)
    place = (question.saga_id, question.step, question.direction)
    if store.get(STEPS, place) is not None:
        store.put(STEPS, place, TakenIn("step", *place, outcome, reply_type, body))
    return [question]


def insert_messages(store: Store, *columns: Sequence[Any]) -> list[Any]:
    for values in zip(*columns, strict=True):
        store.put(OUTBOX, store.next_number(), OutboxRow(*values))
    return []


def show_outbox(store: Store) -> list[tuple[bytes, bytes]]:
    return [(row.headers, row.body) for row in store.rows(OUTBOX)]


def defer(  # noqa: PLR0917
    store: Store,
    consumer: str,
    keys: Sequence[str],
    message_ids: Sequence[UUID],
    wire_types: Sequence[str],
    subjects: Sequence[str],
    headers: Sequence[str],
    bodies: Sequence[bytes],
    reason: str,
    error: str | None,
    attempts: int,
    after_seconds: float,
    *_locks: Any,
) -> list[Any]:
    """Among twins there are no semantic locks: what waits holds up its key."""
    due = _in(after_seconds)
    columns = (keys, message_ids, wire_types, subjects, headers, bodies)
    for values in zip(*columns, strict=True):
        number = store.next_number()
        row = (number, *values, attempts, reason, consumer, error, due)
        store.put(DEFERRED, number, Deferred._make(row))
    return []


def heads_due(store: Store, consumer: str) -> list[tuple[str, None]]:
    now = datetime.now(UTC)
    return [(one.key, None) for one in heads(store, consumer) if one.next_attempt_at <= now]


def heads(store: Store, consumer: str) -> list[Deferred]:
    """The first waiting message of each key."""
    first: dict[str, Deferred] = {}
    for one in store.rows(DEFERRED):
        if one.consumer == consumer:
            first.setdefault(one.key, one)
    return list(first.values())


def anything_deferred(store: Store, consumer: str) -> list[tuple[bool]]:
    return [(any(one.consumer == consumer for one in store.rows(DEFERRED)),)]


def take_head(store: Store, consumer: str, key: str, _conversation: None) -> list[tuple[Any, ...]]:
    found = (one for one in heads(store, consumer) if one.key == key)
    return [(*tuple(one)[:9], None, None, None) for one in found]


def no_lanes(_store: Store, _consumer: str, _key: str, _number: int) -> list[Any]:
    return []


def remove_deferred(store: Store, number: int) -> list[Any]:
    store.remove(DEFERRED, number)
    return []


def postpone_deferred(  # noqa: PLR0917
    store: Store, number: int, reason: str, error: str, attempts: int, after_seconds: float
) -> list[Any]:
    row: Any = store.get(DEFERRED, number)
    changed = row._replace(
        reason=reason, error=error, attempts=attempts, next_attempt_at=_in(after_seconds)
    )
    store.put(DEFERRED, number, changed)
    return []


def bury(store: Store, *values: Any) -> list[Any]:
    letter = Buried._make(values)
    store.put(DEAD_LETTERS, store.next_number(), letter)
    return []


def expect(
    store: Store,
    names: Sequence[str],
    keys: Sequence[str],
    awaits: Sequence[str],
    _awaited_from: Sequence[str],
    _correlation_ids: Sequence[str | None],
    within: Sequence[float],
) -> list[Any]:
    for name, key, awaited, after_seconds in zip(names, keys, awaits, within, strict=True):
        earlier = store.get(FLOWS, (name, key))
        ended = earlier is not None and earlier.ended
        row = Expectation(name, key, awaited, 0, _in(after_seconds), ended)
        store.put(FLOWS, (name, key), row)
    return []


def reach(  # noqa: PLR0917
    store: Store,
    names: Sequence[str],
    keys: Sequence[str],
    stages: Sequence[int],
    awaits: Sequence[str],
    _awaited_from: Sequence[str],
    within: Sequence[float],
) -> list[Any]:
    columns = (names, keys, stages, awaits, within)
    for name, key, stage, awaited, after_seconds in zip(*columns, strict=True):
        known = store.get(FLOWS, (name, key))
        if known is not None and not known.ended and known.stage < stage:
            row = Expectation(name, key, awaited, stage, _in(after_seconds))
            store.put(FLOWS, (name, key), row)
    return []


def end(store: Store, names: Sequence[str], keys: Sequence[str]) -> list[Any]:
    for name, key in zip(names, keys, strict=True):
        expected = store.get(FLOWS, (name, key))
        if expected is not None and not expected.ended:
            store.remove(FLOWS, (name, key))
        else:
            store.put(FLOWS, (name, key), Expectation(name, key, None, 0, None, ended=True))
    return []


def _in(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


CHASSIS: Mapping[str, StatementTwin] = {
    inbox._TAKE_IN: take_in,
    barrier._RECORD: record_steps,
    barrier._REPLACE: replace_steps,
    late._EXPECT: expect_answers,
    late._SPEND: spend_answers,
    late._ANSWER: answer_late,
    outbox._INSERT: insert_messages,
    deferral._DEFER: defer,
    deferral._HEADS_DUE: heads_due,
    deferral._ANYTHING: anything_deferred,
    deferral._TAKE_HEAD: take_head,
    deferral._LANES: no_lanes,
    deferral._REMOVE: remove_deferred,
    deferral._POSTPONE: postpone_deferred,
    dead_letters._BURY: bury,
    testing_outbox._SHOW: show_outbox,
    flows.EXPECT: expect,
    flows.REACH: reach,
    flows.END: end,
}


def without_inbox(store: Store, consumer: str, ids: Sequence[UUID], *others: Any) -> list[TakenIn]:
    """As if no message had ever come before."""
    for message_id in ids:
        if store.get(INBOX, (consumer, message_id)) is not None:
            store.remove(INBOX, (consumer, message_id))
    return take_in(store, consumer, ids, *others)


def without_barrier(
    store: Store, consumer: str, ids: Sequence[UUID], keys: Sequence[str], *_steps: Any
) -> list[TakenIn]:
    """As if no saga's step had ever been done here."""
    return take_in(store, consumer, ids, keys, (), ())


def without_recording(store: Store, *columns: Sequence[Any]) -> list[Any]:
    return insert_messages(store, *columns[6:])


NO_INBOX: Mapping[str, StatementTwin] = {inbox._TAKE_IN: without_inbox}
NO_BARRIER: Mapping[str, StatementTwin] = {
    inbox._TAKE_IN: without_barrier,
    barrier._RECORD: without_recording,
}
