"""Somebody who writes to services, as another service would, and hears what they answer."""

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from polyfactory.factories.pydantic_factory import ModelFactory

from chassis.ids import new_id
from chassis.messaging import headers as h
from chassis.messaging.contracts import Command, Kind
from chassis.messaging.envelope import Direction, OutgoingMessage, SagaReference
from chassis.messaging.inbox import inbox_prefix
from chassis.messaging.topology import Channel
from devkit.deployables import Deployable, relay_of, with_messaging
from devkit.embedded.nats_accounts import OBSERVER
from devkit.platform import Platform
from devkit.run_folder import read_secret

SOURCE = "conformance"


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply as it was published."""

    subject: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """A command of a saga step that nobody waits for, made up by its contract."""

    command: Command
    channel: Channel
    reply_to: str
    saga: SagaReference
    message_id: UUID = field(default_factory=new_id)
    key: str = ""

    @property
    def headers(self) -> dict[str, str]:
        outgoing = OutgoingMessage(
            message=self.command,
            key=self.key or self.command.key,
            message_id=self.message_id,
            correlation_id=str(self.saga.saga_id),
            saga=self.saga,
            reply_to=self.reply_to,
        )
        return dict(outgoing.headers(SOURCE))

    @property
    def subject(self) -> str:
        return self.channel.subject(self.command.wire_type, self.key or self.command.key)


class Correspondent:
    """Publishes with the rights of a service that sends there; hears with those of the observer."""

    def __init__(self, platform: Platform) -> None:
        self._folder = platform.folder.path
        self._answers: defaultdict[str, list[Answer]] = defaultdict(list)
        self._senders: dict[str, Client] = {}

    async def hear(self, message: Msg) -> None:
        headers = dict(message.headers or {})
        answer = Answer(message.subject, headers, message.data)
        self._answers[headers.get(h.SAGA_ID, "")].append(answer)

    def answers_to(self, letter: Letter) -> list[Answer]:
        """What has been published so far in the letter's saga."""
        return self._answers[str(letter.saga.saga_id)]

    async def send(self, letter: Letter, **more: str) -> None:
        """Publish a letter, with more headers; it is in the stream on return."""
        await self.publish(
            letter.channel, letter.subject, letter.command.to_body(), letter.headers | more
        )

    async def publish(
        self, channel: Channel, subject: str, body: bytes, headers: dict[str, str]
    ) -> None:
        """Publish anything into a channel."""
        client = await self._sender_to(channel)
        await client.jetstream(timeout=60).publish(subject, body, headers=headers)

    async def close(self) -> None:
        for client in self._senders.values():
            await client.close()

    async def _sender_to(self, channel: Channel) -> Client:
        sender = next(
            relay_of(one.name) for one in with_messaging() if channel in one.topology.publishes
        )
        if sender not in self._senders:
            url = read_secret(self._folder, f"{sender}-nats-url")
            self._senders[sender] = await nats.connect(url, inbox_prefix=inbox_prefix(sender))
        return self._senders[sender]


@asynccontextmanager
async def corresponding(platform: Platform) -> AsyncIterator[Correspondent]:
    """A correspondent who hears all replies from now on."""
    ear = await nats.connect(platform.addresses.nats, inbox_prefix=inbox_prefix(OBSERVER.name))
    correspondent = Correspondent(platform)
    try:
        await ear.subscribe(f"*.{Kind.REPLIES}.>", cb=correspondent.hear)
        yield correspondent
    finally:
        await correspondent.close()
        await ear.close()


def letter_to(service: Deployable, command: type[Command]) -> Letter:
    """A command for a service with values that its contract allows, and a saga of its own."""
    topology = service.topology
    [channel] = [one.channel for one in topology.consumers if one.channel.kind is Kind.COMMANDS]
    reply_to = next(one.name for one in topology.publishes if one.kind is Kind.REPLIES)
    factory = ModelFactory.create_factory(command)
    saga = SagaReference(
        saga_type="Conformance", saga_id=new_id(), step="try", direction=Direction.ACTION
    )
    return Letter(command=factory.build(), channel=channel, reply_to=reply_to, saga=saga)
