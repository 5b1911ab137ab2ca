"""Carrying sagas on: from replies, from timers, and from their start.

The decisions are `transition.advance`'s. This module brings the instances in and carries the
effects out, for a whole batch at a time: however many sagas move, they cost one statement to lock
them, one for each entity that their local steps load, and one to store them with their log entries;
their commands go into the outbox's one statement at the commit.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import structlog
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.alarm import Alarm
from chassis.consumers.handling import handling
from chassis.consumers.processor import Delivery, UnreadableMessageError
from chassis.ids import new_id
from chassis.messaging.contracts import Message, Refusal, Reply
from chassis.messaging.envelope import Outcome, ReceivedMessage, SagaReference
from chassis.messaging.headers import CAUSATION_ID
from chassis.outbox.outbox import Outbox
from chassis.sagas.batch import Batch
from chassis.sagas.definition import Saga, SagaDefinition
from chassis.sagas.definitions import Definitions
from chassis.sagas.execution import Execution
from chassis.sagas.family import ParentTurnedBack
from chassis.sagas.happened import Intervened, Intervention, ParentTurned, Replied, due
from chassis.sagas.instances import Instances, UnknownInstanceError
from chassis.sagas.metrics import expect
from chassis.sagas.report import report_after_commit
from chassis.sagas.state import SagaInstance
from chassis.sagas.steps import D

log = structlog.get_logger(__name__)


class SagaOrchestrator:
    """Starts sagas and carries them on; the processor of the channel that replies come back on.

    Several versions of a saga may be among the `definitions`: an instance ends on the version that
    it was started with. `reply_to` names the channel of the replies, such as `order.replies`.
    """

    def __init__(
        self, *, outbox: Outbox, definitions: Sequence[SagaDefinition], reply_to: str
    ) -> None:
        self._definitions = Definitions(definitions)
        self._execution = Execution(outbox, reply_to)
        self.instances = Instances(self._definitions)
        self.alarm = Alarm()
        expect(definitions)

    @property
    def definitions(self) -> Definitions:
        """The definitions that are loaded here."""
        return self._definitions

    @property
    def sagas(self) -> list[str]:
        """The definitions that are loaded, such as `CreateOrder version 1`."""
        definitions = self._definitions
        named = zip(definitions.types, definitions.versions, strict=True)
        return [f"{saga_type} version {version}" for saga_type, version in named]

    async def start(
        self, session: AsyncSession, saga: type[Saga[D]], data: D, *, subject_key: str
    ) -> UUID:
        """Start a saga with the caller's transaction, and return its id.

        The instance, everything that its first local steps do and its first command are committed
        or rolled back with what the caller does. `subject_key` is what the saga is about, such as
        an order's id; its history is found by it.
        """
        instance = SagaInstance(
            saga_id=new_id(),
            saga_type=saga.saga_type,
            definition_version=saga.version,
            subject_key=subject_key,
            created_at=datetime.now(UTC),
            data=data,
        )
        batch = Batch(self._definitions, {})
        batch.start(instance)
        await self._carry_on(session, batch)
        return instance.saga_id

    def read(self, received: ReceivedMessage) -> Message:
        """Read a reply; one that no step takes note of is a bare `Reply` or `Refusal`."""
        if received.saga is None or received.outcome is None:
            raise UnreadableMessageError("a reply has to say which saga it answers, and how")
        _command_id(received)
        self._definitions.check_type(received.saga.saga_type)
        reply = self._read_body(received)
        if Outcome.of(reply) is not received.outcome:
            raise UnreadableMessageError(
                f"{received.wire_type} came as {received.outcome}, and is declared otherwise here"
            )
        return reply

    async def process(self, session: AsyncSession, deliveries: Sequence[Delivery]) -> None:
        """Move every saga that was answered, by its replies in their order, in one transaction."""
        saga_ids = sorted({_saga_of(delivery).saga_id for delivery in deliveries})
        batch = Batch(self._definitions, await self.instances.lock(session, saga_ids))
        for delivery in deliveries:
            with handling(delivery.received, delivery.span):
                self._move(batch, delivery)
        await self._carry_on(session, batch)

    async def intervene(self, session: AsyncSession, saga_id: UUID, intervened: Intervened) -> None:
        """Do to a saga what an operator wants, in the caller's transaction.

        Raises InterventionRefusedError, which says what is possible instead, UnknownInstanceError,
        or UnknownSagaError if its version is not loaded here; then nothing has changed.
        """
        batch = Batch(self._definitions, await self.instances.lock(session, [saga_id]))
        if saga_id not in batch:
            raise UnknownInstanceError(f"there is no saga {saga_id} in this service's database")
        batch.move(saga_id, intervened)
        await self._carry_on(session, batch)

    async def cancel(
        self, session: AsyncSession, saga_id: UUID, *, reason: str, by: str = "a user"
    ) -> None:
        """Turn a saga back in the caller's transaction: possible until its pivot.

        Raises as `intervene` does.
        """
        await self.intervene(session, saga_id, Intervened(Intervention.CANCEL, reason, by))

    async def fire(
        self, session: AsyncSession, *, now: datetime, limit: int, saga_id: UUID | None = None
    ) -> int:
        """Move sagas whose time-out, retry or deadline is due, or one of them.

        Says how many it has looked at. Instances that another process has in hand are left to it.
        """
        found = await self.instances.lock_due(session, now, limit, saga_id)
        batch = Batch(self._definitions, {instance.saga_id: instance for instance in found})
        not_yet = []
        for instance in found:
            happened = due(instance, now)
            if happened is None:
                not_yet.append(instance.saga_id)
            else:
                batch.move(instance.saga_id, happened)
        if not_yet:
            await self.instances.reschedule(session, not_yet)
        await self._carry_on(session, batch)
        return len(found)

    async def _carry_on(self, session: AsyncSession, batch: Batch) -> None:
        if batch.moves:
            await self._execution.carry_out(session, batch.moves)
            for started in batch.started:
                await self.instances.insert(session, started, batch.log_of(started))
            if batch.log:
                await self.instances.update(session, batch.moved, batch.log)
            report_after_commit(session, batch.moves, self.alarm)

    def _move(self, batch: Batch, delivery: Delivery) -> None:
        saga_id, wire_type = _saga_of(delivery).saga_id, delivery.received.wire_type
        if saga_id not in batch:
            log.warning("reply to an unknown saga", saga_id=str(saga_id), type=wire_type)
            return
        if isinstance(delivery.message, ParentTurnedBack):
            batch.move(saga_id, ParentTurned(delivery.received.message_id))
            return
        replied = self._replied(delivery)
        if delivery.span is not None and replied.reply.refused:
            delivery.span.refused()
        batch.move(saga_id, replied)

    def _replied(self, delivery: Delivery) -> Replied:
        received, saga = delivery.received, _saga_of(delivery)
        assert isinstance(delivery.message, Reply), "read() gives replies only"
        noted = self._definitions.reply_class(received.wire_type) is not None
        return Replied(
            reply=delivery.message,
            wire_type=received.wire_type,
            message_id=received.message_id,
            step=saga.step,
            direction=saga.direction,
            command_id=_command_id(received),
            body=received.body.decode() if noted else None,
        )

    def _read_body(self, received: ReceivedMessage) -> Reply:
        reply_class = self._definitions.reply_class(received.wire_type)
        if reply_class is None:
            return Refusal() if received.outcome is Outcome.REFUSED else Reply()
        try:
            return reply_class.from_body(received.body)
        except ValidationError as error:
            wrong = error.json(include_input=False, include_url=False, include_context=False)
            raise UnreadableMessageError(f"not a {received.wire_type}: {wrong}") from error


def _saga_of(delivery: Delivery) -> SagaReference:
    assert delivery.received.saga is not None, "a reply without a saga is not readable"
    return delivery.received.saga


def _command_id(received: ReceivedMessage) -> UUID | None:
    answered = received.headers.get(CAUSATION_ID)
    try:
        return UUID(answered) if answered else None
    except ValueError as error:
        raise UnreadableMessageError(f"{CAUSATION_ID} is no message id") from error
