"""The twins of what the inbox, the barrier and late answers do in the database."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from chassis.testing.twins.statements.outbox import insert_messages
from chassis.testing.twins.statements.rows import (
    ANSWERS,
    DEFERRED,
    INBOX,
    STEPS,
    PendingAnswer,
    TakenIn,
)
from chassis.testing.twins.store import Store


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
    lanes = dict.fromkeys(
        (one.key, one.conversation, one.saga_step)
        for one in store.rows(DEFERRED)
        if one.consumer == consumer and one.key in keys
    )
    answer += [
        TakenIn("behind", name=key, conversation=conversation, locked_step=step)
        for key, conversation, step in lanes
    ]
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
