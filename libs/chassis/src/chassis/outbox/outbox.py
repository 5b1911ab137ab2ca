"""The transactional outbox as a service's code sees it."""

from itertools import chain
from zlib import crc32

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.messaging.contracts import Event, Kind, context_and_name
from chassis.messaging.envelope import OutgoingMessage
from chassis.messaging.headers import encode_header_block
from chassis.messaging.topology import Channel, ServiceTopology, TopologyError
from chassis.outbox.cause import cause_of
from chassis.outbox.poke import Poke
from chassis.outbox.row import OutboxRow
from chassis.outbox.session import outbox_session
from chassis.persistence.tables import RELAY_SHARDS
from chassis.telemetry.current import tracing


class Outbox:
    """Publishes messages with the caller's transaction: all of them at its commit, or none.

    Messages of one key keep the order of the transactions that wrote them, as long as those
    transactions exclude each other (a row lock or a version check on the aggregate does that).
    """

    def __init__(self, topology: ServiceTopology, poke: Poke) -> None:
        self._source = topology.service
        self._channels = {channel.name: channel for channel in topology.publishes}
        self._poke = poke

    def publish(
        self,
        session: AsyncSession,
        *events: Event,
    ) -> None:
        """Publish domain events, each under its own key. Nothing is sent before the commit.

        They belong to the conversation of what the session's work is caused by (`caused_by`), or
        else each begins one.
        """
        cause = cause_of(session)
        for event in events:
            self.add(
                session,
                OutgoingMessage(
                    message_id=outbox_session(session).next_event_id(),
                    message=event,
                    key=event.key,
                    correlation_id=cause.correlation_id if cause else None,
                    causation_id=cause.causation_id if cause else None,
                ),
            )

    def add(self, session: AsyncSession, outgoing: OutgoingMessage) -> None:
        """Write any message with the caller's transaction.

        Raises TopologyError for a channel that the service's topology does not name.
        """
        outbox_session(session).publish(self._row(outgoing), self._poke)

    def _row(self, outgoing: OutgoingMessage) -> OutboxRow:
        channel = self._channel(outgoing)
        headers = outgoing.headers(self._source)
        if (traced := tracing()) is not None:
            headers = chain(headers, traced.messages.create(outgoing, channel.name).items())
        return OutboxRow(
            message_id=outgoing.message_id,
            shard=crc32(outgoing.key.encode()) % RELAY_SHARDS,
            key=outgoing.key,
            subject=channel.subject(outgoing.message.wire_type, outgoing.key),
            headers=encode_header_block(headers),
            body=outgoing.message.to_body(),
        )

    def _channel(self, outgoing: OutgoingMessage) -> Channel:
        message = outgoing.message
        context, _ = context_and_name(message.wire_type)
        is_reply = message.kind is Kind.REPLIES
        name = str(outgoing.reply_to) if is_reply else f"{context}.{message.kind}"
        try:
            return self._channels[name]
        except KeyError:
            raise TopologyError(
                f"{self._source} sends {message.wire_type} to '{name}', which its topology does "
                f"not name; add the channel to `sends_to` (known: {', '.join(self._channels)})"
            ) from None
