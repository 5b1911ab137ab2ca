"""The message that answers a command, at once or later."""

from dataclasses import dataclass
from uuid import UUID

from chassis.messaging.contracts import Encodable
from chassis.messaging.envelope import Outcome, OutgoingMessage, ReceivedMessage, SagaReference


@dataclass(slots=True, kw_only=True)
class Question:
    """A command that somebody waits for the answer of."""

    command_id: UUID
    wire_type: str
    correlation_id: str
    reply_to: str
    saga: SagaReference | None

    @classmethod
    def of(cls, received: ReceivedMessage) -> "Question | None":
        """None for a message that nobody waits for the answer of."""
        if received.reply_to is None:
            return None
        return cls(
            command_id=received.message_id,
            wire_type=received.wire_type,
            correlation_id=received.correlation_id,
            reply_to=received.reply_to,
            saga=received.saga,
        )

    def answered(self, reply: Encodable, outcome: Outcome) -> OutgoingMessage:
        return OutgoingMessage(
            message=reply,
            key=str(self.saga.saga_id) if self.saga else self.correlation_id,
            correlation_id=self.correlation_id,
            causation_id=self.command_id,
            saga=self.saga,
            reply_to=self.reply_to,
            outcome=outcome,
        )
