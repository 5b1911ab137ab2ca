"""What a consumer does with the messages of one batch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.consumers.barrier import RecordedStep
from chassis.messaging.contracts import Message, Refusal
from chassis.messaging.envelope import ReceivedMessage

if TYPE_CHECKING:
    from chassis.telemetry.messages import MessageSpan


class UnknownTypeError(Exception):
    """No handler for this wire type yet: the message waits, visible, and uses up no attempt."""


class UnreadableMessageError(Exception):
    """The body is not what its wire type says: retrying cannot help, so it is a dead letter."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message with its body read, and what the service already did for its saga step.

    `span` is the message's own, where tracing is on. `refusal` is to be answered in the place of
    what the handler would say, since a lock was in its way.
    """

    received: ReceivedMessage
    message: Message
    earlier: tuple[RecordedStep, ...] = ()
    span: "MessageSpan | None" = None
    refusal: Refusal | None = None


class Processor(Protocol):
    """Handles a consumer's messages, many in one transaction or one in its own."""

    def read(self, received: ReceivedMessage) -> Message:
        """Read the body; raises UnknownTypeError or UnreadableMessageError. No I/O."""
        ...

    async def process(self, session: AsyncSession, deliveries: Sequence[Delivery]) -> None:
        """Handle messages that the inbox has not seen before, in their order.

        Runs in the transaction that also holds their inbox rows; whatever it raises rolls all of
        it back, and each message is then tried in a transaction of its own.
        """
        ...


def without_values(error: ValidationError) -> str:
    """What is wrong and where; the values themselves stay out of logs and tables."""
    return "; ".join(
        f"{'.'.join(str(part) for part in detail['loc']) or 'body'}: {detail['msg']}"
        for detail in error.errors(include_input=False, include_url=False, include_context=False)
    )
