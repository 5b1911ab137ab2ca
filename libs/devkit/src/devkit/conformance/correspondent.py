"""Somebody who writes to services, as another service would, and hears what they answer."""

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from polyfactory.factories.pydantic_factory import ModelFactory

from chassis.ids import new_id
from chassis.messaging import headers as h
from chassis.messaging.contracts import Command, Event, Kind
from chassis.messaging.envelope import Direction, OutgoingMessage, SagaReference
from chassis.messaging.inbox import inbox_prefix
from chassis.messaging.topology import Channel, kind_of
from devkit.deployables import Deployable, relay_of, with_messaging
from devkit.embedded.nats_accounts import OBSERVER
from devkit.eventually import eventually
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """An event that nobody's work gave rise to, made up by its contract."""

    event: Event
    channel: Channel
    message_id: UUID = field(default_factory=new_id)

    @property
    def headers(self) -> dict[str, str]:
        outgoing = OutgoingMessage(
            message=self.event, key=self.event.key, message_id=self.message_id
        )
        return dict(outgoing.headers(SOURCE))

    @property
    def subject(self) -> str:
        return self.channel.subject(self.event.wire_type, self.event.key)

    @property
    def partition(self) -> int:
        return self.channel.partition(self.event.key)


class Correspondent:
    """Publishes with the rights of a service that sends there; hears with those of the observer."""

    def __init__(self, platform: Platform, ear: Client) -> None:
        self._folder = platform.folder.path
        self.ear = ear
        self._answers: defaultdict[str, list[Answer]] = defaultdict(list)
        self._caused: defaultdict[str, dict[str, Answer]] = defaultdict(dict)
        self._senders: dict[str, Client] = {}
        self._subscriptions: list[Subscription] = []

    async def listen(self) -> None:
        """Hear everything from now on."""
        subjects = (f"*.{kind}.>" for kind in Kind)
        self._subscriptions = [
            await self.ear.subscribe(subject, cb=self._hear) for subject in subjects
        ]

    async def _hear(self, message: Msg) -> None:
        headers = dict(message.headers or {})
        answer = Answer(message.subject, headers, message.data)
        caused = self._caused[headers.get(h.CAUSATION_ID, "")]
        first = headers.get(h.ID, "") not in caused  # a relay may send again what it has sent
        caused.setdefault(headers.get(h.ID, ""), answer)
        if first and kind_of(message.subject) is Kind.REPLIES:
            self._answers[headers.get(h.SAGA_ID, "")].append(answer)

    def caused_by(self, message_id: UUID, source: str) -> list[Answer]:
        """What a service has published so far because of a message, each once."""
        caused = self._caused[str(message_id)].values()
        return [one for one in caused if one.headers[h.SOURCE] == source]

    def answers_to(self, letter: Letter) -> list[Answer]:
        """What has been published so far in the letter's saga."""
        return self._answers[str(letter.saga.saga_id)]

    async def send(self, letter: Letter, **more: str) -> None:
        """Publish a letter, with more headers; it is in the stream on return."""
        await self.publish(
            letter.channel, letter.subject, letter.command.to_body(), letter.headers | more
        )

    async def tell(self, notice: Notice, **more: str) -> int:
        """Publish an event, with more headers; its sequence in the stream."""
        headers = notice.headers | more
        body = notice.event.to_body()
        return await self.publish(notice.channel, notice.subject, body, headers)

    async def publish(
        self, channel: Channel, subject: str, body: bytes, headers: dict[str, str]
    ) -> int:
        """Publish anything into a channel; its sequence in the stream."""
        client = await self._sender_to(channel)
        sent = await client.jetstream(timeout=60).publish(subject, body, headers=headers)
        return sent.seq

    async def heard_all(self) -> None:
        """Wait until everything that is published by now has been heard."""
        await self.ear.flush()
        await eventually(lambda: not any(one.pending_msgs for one in self._subscriptions))

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
    """A correspondent who hears everything from now on."""
    ear = await nats.connect(platform.addresses.nats, inbox_prefix=inbox_prefix(OBSERVER.name))
    correspondent = Correspondent(platform, ear)
    try:
        await correspondent.listen()
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


def notice_for(event: type[Event], channel: Channel) -> Notice:
    """An event with values that its contract allows, about something that nobody has heard of."""
    return Notice(event=ModelFactory.create_factory(event).build(), channel=channel)
