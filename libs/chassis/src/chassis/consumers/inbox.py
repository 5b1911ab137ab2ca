"""The inbox: which messages a consumer has taken in.

One statement takes in a whole batch and answers what the batch has to know: which messages are new,
behind which earlier ones they have to wait, and which saga steps this service has already answered.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.consumers.barrier import PENDING, RecordedStep
from chassis.consumers.lanes import Lane, Lanes
from chassis.messaging.envelope import Direction, Outcome, SagaReference
from chassis.persistence.database import fetch_all

_TAKE_IN = """
WITH fresh AS (
    INSERT INTO received_messages (consumer, message_id)
    SELECT $1, message_id FROM unnest($2::uuid[]) AS message_id
    ON CONFLICT DO NOTHING
    RETURNING message_id
)
SELECT 'fresh' AS kind, message_id AS id, NULL AS name, NULL AS direction, NULL AS outcome,
       NULL AS reply_type, NULL::bytea AS reply_body, NULL AS conversation, NULL AS locked_step
FROM fresh
UNION ALL
SELECT 'behind', NULL, key, NULL, NULL, NULL, NULL, conversation, saga_step FROM (
    SELECT DISTINCT key, conversation, saga_step
    FROM deferred_messages WHERE consumer = $1 AND key = ANY($3::text[])
) AS waiting
UNION ALL
SELECT 'step', saga_id, step, direction, outcome, reply_type, reply_body, NULL, NULL
FROM participant_steps
WHERE (saga_id, step) IN (SELECT * FROM unnest($4::uuid[], $5::text[]))
"""


@dataclass(frozen=True, slots=True)
class Intake:
    """What the inbox says of a batch."""

    fresh: set[UUID]
    lanes: Lanes
    steps: dict[tuple[UUID, str], tuple[RecordedStep, ...]]


async def take_in(
    session: AsyncSession,
    consumer: str,
    message_ids: Sequence[UUID],
    keys: Sequence[str],
    steps: Sequence[SagaReference],
) -> Intake:
    """Enter messages into the inbox with the caller's transaction."""
    rows = await fetch_all(
        session,
        _TAKE_IN,
        consumer,
        list(message_ids),
        list(keys),
        [step.saga_id for step in steps],
        [step.step for step in steps],
    )
    recorded: defaultdict[tuple[UUID, str], list[RecordedStep]] = defaultdict(list)
    for row in rows:
        if row.kind == "step":
            recorded[row.id, row.name].append(_recorded_step(row))
    return Intake(
        fresh={row.id for row in rows if row.kind == "fresh"},
        lanes=Lanes(
            (Lane(row.name, row.conversation), row.locked_step)
            for row in rows
            if row.kind == "behind"
        ),
        steps={step: tuple(found) for step, found in recorded.items()},
    )


def _recorded_step(row: Any) -> RecordedStep:
    return RecordedStep(
        row.id,
        row.name,
        Direction(row.direction),
        None if row.outcome == PENDING else Outcome(row.outcome),
        row.reply_type,
        row.reply_body,
    )
