"""A saga as it is recorded: what happened to it, what it sent, and where it stands.

As JSON it can be kept beside the code, and be replayed against a later state of it. It holds the
saga's data and the bodies of messages: keep those of real customers out of a repository.
"""

from datetime import datetime
from pathlib import Path
from typing import Any, Self
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict

from chassis.messaging.envelope import Direction
from chassis.sagas.state import EntryKind, SagaState

INSTANCE = """
SELECT saga_id, saga_type, definition_version, subject_key, state, step, direction, attempt,
       done::text, data::text
FROM saga_instances WHERE saga_id = $1 FOR SHARE
"""

LOG = """
SELECT at, kind, step, direction, attempt, message_id, outcome, detail, body::text
FROM saga_log WHERE saga_id = $1 ORDER BY id
"""


class _Recorded(BaseModel):
    model_config = ConfigDict(frozen=True)


class RecordedEntry(_Recorded):
    """One entry of the log, as `chassis.sagas.state.LogEntry` has it."""

    at: datetime
    kind: EntryKind
    step: str | None = None
    direction: Direction | None = None
    attempt: int = 0
    message_id: UUID | None = None
    outcome: str | None = None
    detail: str | None = None
    body: Any = None

    def __str__(self) -> str:
        undoing = "undoing " if self.direction is Direction.COMPENSATION else ""
        told = [str(self.kind), f"{undoing}'{self.step}'" if self.step else "", self.detail or ""]
        return " ".join(part for part in (*told, self.outcome or "") if part)


class RecordedCommand(_Recorded):
    """What was sent, in the order of sending."""

    step: str
    type: str
    body: Any


class RecordedEnd(_Recorded):
    """Where the instance stood when it was recorded."""

    state: SagaState
    step: str | None
    direction: Direction
    attempt: int
    done: tuple[str, ...]
    data: Any


class RecordedSaga(_Recorded):
    """A whole recording; `commands` come of the code that it was recorded with."""

    saga_type: str
    definition_version: int
    saga_id: UUID
    subject_key: str
    log: tuple[RecordedEntry, ...]
    commands: tuple[RecordedCommand, ...] = ()
    end: RecordedEnd

    @classmethod
    def of_rows(cls, instance: Any, log: Any) -> Self:
        """From the rows that `INSTANCE` and `LOG` give, in one transaction."""
        end = {"done": orjson.loads(instance["done"]), "data": orjson.loads(instance["data"])}
        entries = [{**entry, "body": orjson.loads(entry["body"] or "null")} for entry in log]
        return cls.model_validate({**instance, "log": entries, "end": {**instance, **end}})

    @classmethod
    def read(cls, path: Path) -> Self:
        return cls.model_validate_json(path.read_bytes())

    def to_json(self) -> str:
        return self.model_dump_json(indent=1, exclude_defaults=True) + "\n"
