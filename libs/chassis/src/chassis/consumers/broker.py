"""FastStream in front, JetStream consumption by the chassis behind.

A service's author sees a FastStream broker: subscribers with handlers routed by type, FastStream's
life cycle, and its in-memory `TestNatsBroker`. What FastStream must not decide stays below it, in
`ConsumerRuntime`: transactions, acknowledgement, retries, order.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from faststream import AckPolicy
from faststream._internal.broker.registrator import (
    Registrator,  # the one way to add a subscriber class
)
from faststream._internal.endpoint.subscriber.call_item import CallsCollection
from faststream.nats import NatsBroker, NatsMessage
from faststream.nats.subscriber.config import (
    NatsSubscriberConfig,
    NatsSubscriberSpecificationConfig,
)
from faststream.nats.subscriber.specification import NatsSubscriberSpecification
from faststream.nats.subscriber.usecases.core_subscriber import CoreSubscriber
from nats.aio.client import Client
from nats.js.api import ConsumerConfig
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.consumers.handlers import Handler, HandlerProcessor
from chassis.consumers.metrics import NATS
from chassis.consumers.policy import RetryPolicy
from chassis.consumers.processor import Processor
from chassis.consumers.runtime import ConsumerRuntime
from chassis.messaging import headers as h
from chassis.messaging.contracts import Message
from chassis.messaging.inbox import inbox_prefix
from chassis.messaging.topology import Consumer
from chassis.persistence.database import Database

log = structlog.get_logger(__name__)

_PING_SECONDS = 10
"""A server that hangs is noticed after three of them."""

SESSION = "session"
"""Name under which FastStream's context holds the session for handlers run in memory."""


class BatchSubscriber(CoreSubscriber):
    """A FastStream subscriber whose messages come from a partitioned JetStream durable."""

    runtime: Callable[[], ConsumerRuntime]
    consumer: Consumer
    processor: Processor
    _running_runtime: ConsumerRuntime | None = None

    async def _create_subscription(self) -> None:
        self._running_runtime = self.runtime()
        await self._running_runtime.start()

    async def stop(self) -> None:
        if self._running_runtime is not None:
            await self._running_runtime.stop()
            self._running_runtime = None
        await super().stop()

    def reconnected(self) -> None:
        if self._running_runtime is not None:
            self._running_runtime.reconnected()

    async def survey(self) -> None:
        if self._running_runtime is not None:
            await self._running_runtime.survey()


class MessageBroker(NatsBroker):
    """A FastStream NATS broker that consumes with the chassis's guarantees.

    Streams and consumers are declared by the provisioner, never from here. Dependencies of
    handlers are given where they are composed: FastDepends would cost 0.36 ms a message.
    """

    def __init__(self, nats_url: str, *, service: str, database: Database) -> None:
        super().__init__(
            nats_url,
            name=service,
            inbox_prefix=inbox_prefix(service),
            apply_types=False,
            logger=None,
            max_reconnect_attempts=-1,
            reconnect_time_wait=1,
            ping_interval=_PING_SECONDS,
            reconnected_cb=self._on_reconnected,
            disconnected_cb=self._on_disconnected,
            error_cb=self._on_error,
        )
        self._database = database
        self._has_connected = asyncio.Event()

    async def client(self) -> Client:
        """The connection to NATS, once there has been one; it may be broken at the moment."""
        await self._has_connected.wait()
        client: Client = self.config.connection_state.connection
        return client

    def consume(
        self, consumer: Consumer, processor: Processor, policy: RetryPolicy | None = None
    ) -> BatchSubscriber:
        """Consume a channel's messages with a processor once the broker is started."""
        subscriber = self._batch_subscriber(consumer)
        subscriber.consumer, subscriber.processor = consumer, processor
        subscriber.runtime = lambda: ConsumerRuntime(
            self._database,
            self.config.connection_state.connection,
            consumer,
            processor,
            policy or RetryPolicy(),
        )
        if isinstance(processor, HandlerProcessor):
            for handler in processor.handlers.values():
                self._add_handler(subscriber, handler)
        else:
            subscriber(_not_in_memory)
        return subscriber

    async def start(self) -> None:
        await super().start()
        NATS.connected()
        self._has_connected.set()

    async def survey(self) -> None:
        """Bring the gauges of all consumers up to date; raises what NATS raises."""
        await asyncio.gather(*(subscriber.survey() for subscriber in self._batch_subscribers()))

    def _batch_subscribers(self) -> list[BatchSubscriber]:
        return [one for one in self.subscribers if isinstance(one, BatchSubscriber)]

    def _add_handler(self, subscriber: BatchSubscriber, handler: Handler) -> None:
        async def call(message: Message) -> Message | None:
            session: AsyncSession = self.context.get(SESSION)
            reply = await handler.function(message, session)
            return reply if isinstance(reply, Message) else None

        call.__name__ = handler.function.__name__
        subscriber(call, filter=_of_type(handler.message), decoder=_decoder(handler.message))

    def _batch_subscriber(self, consumer: Consumer) -> BatchSubscriber:
        subject = f"{consumer.channel.name}.>"
        calls: CallsCollection[Any] = CallsCollection()
        subscriber = BatchSubscriber(
            NatsSubscriberConfig(
                subject=subject,
                sub_config=ConsumerConfig(),
                no_reply=True,
                _outer_config=self.config,  # type: ignore[arg-type]  # FastStream's own composition
                _ack_policy=AckPolicy.MANUAL,
            ),
            NatsSubscriberSpecification(
                _outer_config=self.config,  # type: ignore[arg-type]
                calls=calls,
                specification_config=NatsSubscriberSpecificationConfig(
                    subject=subject, queue=None, title_=consumer.name, description_=None
                ),
            ),
            calls,
            queue="",
        )
        Registrator.subscriber(self, subscriber)
        return subscriber

    async def _on_reconnected(self) -> None:
        NATS.reconnected()
        log.info("connected to NATS again")
        for subscriber in self._batch_subscribers():
            subscriber.reconnected()

    async def _on_disconnected(self) -> None:
        NATS.disconnected()
        log.warning("disconnected from NATS")

    async def _on_error(self, error: Exception) -> None:
        violation = NATS.failed(error)
        if violation is not None:
            log.error("NATS forbids", operation=violation.operation, subject=violation.subject)
        else:
            log.warning("NATS reports an error", error=repr(error))


def _of_type(message: type[Message]) -> Callable[[NatsMessage], bool]:
    return lambda received: received.headers.get(h.TYPE) == message.wire_type


def _decoder(message: type[Message]) -> Callable[[NatsMessage], Awaitable[Message]]:
    async def decode(received: NatsMessage) -> Message:
        return message.from_body(received.body)

    return decode


async def _not_in_memory(message: object) -> None:
    raise NotImplementedError("this consumer's processor takes batches: run it on a real broker")
