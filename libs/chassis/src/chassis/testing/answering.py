"""Standing where a participant is: answering a command as it would.

    await answer(service, Success())

answers the last command that the service's sagas have sent.
"""

from dataclasses import dataclass

from chassis.messaging.contracts import Refusal, Reply
from chassis.messaging.envelope import Outcome, OutgoingMessage, ReceivedMessage
from chassis.service import Service
from chassis.testing.delivery import deliver
from chassis.testing.outbox import outbox_messages


class Success(Reply, type="any.Success.v1"):
    """It is done; nobody takes note of more."""


class Refused(Refusal, type="any.Refused.v1"):
    """It is not done; nobody takes note of why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply as it is on the wire."""

    subject: str
    headers: dict[str, str]
    body: bytes


def answer_to(command: ReceivedMessage, reply: Reply) -> Answer:
    """What the command's receiver would send; the command has to wait for an answer."""
    assert command.reply_to is not None, f"nobody waits for an answer to {command.wire_type}"
    message = OutgoingMessage(
        message=reply,
        key=command.key,
        causation_id=command.message_id,
        saga=command.saga,
        reply_to=command.reply_to,
        outcome=Outcome.of(reply),
    )
    # any partition will do
    return Answer(f"{command.reply_to}.0", dict(message.headers("participant")), reply.to_body())


async def answer(service: Service, reply: Reply) -> None:
    """Answer the last command in the outbox that waits for an answer."""
    waiting = [one for one in await outbox_messages(service.database) if one.reply_to is not None]
    assert waiting, f"{service.topology.service} has sent no command that waits for an answer"
    sent = answer_to(waiting[-1], reply)
    await deliver(service, sent.subject, sent.headers, sent.body)
