"""The log entries of one transition in the making."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from chassis.messaging.envelope import Outcome
from chassis.sagas.happened import Replied
from chassis.sagas.state import EntryKind, LogEntry, SagaInstance, SagaState
from chassis.sagas.steps import Step


@dataclass(slots=True)
class Journal:
    """Collects entries, in their order; `now` is the time of all of them."""

    now: datetime
    entries: list[LogEntry] = field(default_factory=list)

    def write(
        self,
        kind: EntryKind,
        instance: SagaInstance,
        *,
        step: Step | None = None,
        attempt: int | None = None,
        message_id: UUID | None = None,
        outcome: SagaState | None = None,
        detail: str | None = None,
    ) -> None:
        """Write of the instance as it is now, or of one of its steps."""
        self.entries.append(
            LogEntry(
                saga_id=instance.saga_id,
                at=self.now,
                kind=kind,
                step=step.name if step is not None else None,
                direction=instance.direction if step is not None else None,
                attempt=instance.attempt if attempt is None else attempt,
                message_id=message_id,
                outcome=outcome,
                detail=detail,
            )
        )

    def write_reply(
        self,
        kind: EntryKind,
        instance: SagaInstance,
        replied: Replied,
        *,
        attempt: int | None = None,
    ) -> None:
        """Write of an answer: what it says it is about, whether or not it was waited for."""
        self.entries.append(
            LogEntry(
                saga_id=instance.saga_id,
                at=self.now,
                kind=kind,
                step=replied.step,
                direction=replied.direction,
                attempt=instance.attempt if attempt is None else attempt,
                message_id=replied.message_id,
                outcome=Outcome.of(replied.reply),
                detail=replied.wire_type,
                body=replied.body,
            )
        )
