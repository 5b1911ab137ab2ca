"""Giving one message to a service as the broker would: through its own consumer.

    await deliver(service, subject, headers, body)

Inbox, barrier, handler and outbox do what they do in production. No broker is needed.
"""

from collections.abc import Mapping

from chassis.consumers.batch import BatchRunner
from chassis.consumers.broker import BatchSubscriber
from chassis.consumers.incoming import Incoming
from chassis.consumers.policy import RetryPolicy
from chassis.messaging.contracts import Kind, context_and_name
from chassis.messaging.envelope import ReceivedMessage
from chassis.messaging.topology import Consumer
from chassis.persistence.database import fetch_all
from chassis.service import Service

_BURIED = "SELECT error FROM dead_letters WHERE message_id = $1"


async def deliver(
    service: Service, subject: str, headers: Mapping[str, str], body: bytes
) -> ReceivedMessage:
    """Have a message handled; raises AssertionError where it is not, saying what became of it."""
    message = incoming(subject, headers, body)
    assert message.received is not None
    wire_type = message.received.wire_type
    takers = [one for one in subscribers_of(service) if wants(one.consumer, message)]
    assert takers, f"{service.topology.service} has no consumer for {wire_type} on {subject}"
    for one in takers:
        runner = BatchRunner(service.database, one.consumer.name, one.processor, RetryPolicy())
        waits = await runner.run([message])
        assert not waits, f"{one.consumer.name} could not handle {wire_type}, and set it aside"
    async with service.database.sessions() as session:
        buried = await fetch_all(session, _BURIED, message.received.message_id)
    assert not buried, f"{wire_type} became a dead letter: {buried[0].error}"
    return message.received


def subscribers_of(service: Service) -> list[BatchSubscriber]:
    """What the service reads from the broker, with what it does about it."""
    return [one for one in service.broker.subscribers if isinstance(one, BatchSubscriber)]


def wants(consumer: Consumer, message: Incoming) -> bool:
    """Whether the broker would give the message to this consumer."""
    if not message.subject.startswith(f"{consumer.channel.name}."):
        return False
    if consumer.channel.kind is Kind.REPLIES or not consumer.names:
        return True
    assert message.received is not None
    return context_and_name(message.received.wire_type)[1] in consumer.names


def incoming(subject: str, headers: Mapping[str, str], body: bytes) -> Incoming:
    """A message as its consumer gets it; raises MalformedMessageError."""
    received = ReceivedMessage.read(headers, body)
    return Incoming(
        subject=subject,
        reply="",
        stream_sequence=0,
        inbox_id=received.message_id,
        received=received,
        malformed=None,
        raw_headers=dict(headers),
        body=body,
    )
