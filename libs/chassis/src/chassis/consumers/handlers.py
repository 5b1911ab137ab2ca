"""Declaring what a service does with each message, and doing it for a batch.

COMMAND_HANDLERS = (
handle(ReserveCredit, reserve_credit, loads=(load(Customer, by=lambda c: c.customer_id),)),
handle(ReleaseCredit, release_credit, loads=…),
)
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.consumers.answers import Question
from chassis.consumers.barrier import Barrier, NobodyAsked
from chassis.consumers.handling import handling
from chassis.consumers.late import AnswerLater, LateAnswers, asked
from chassis.consumers.processor import (
    Delivery,
    UnknownTypeError,
    UnreadableMessageError,
    without_values,
)
from chassis.locks.errors import LockTakenError
from chassis.messaging.contracts import Encodable, Event, Message, Reply
from chassis.messaging.envelope import Outcome, ReceivedMessage
from chassis.outbox.cause import Cause, caused_by
from chassis.outbox.outbox import Outbox
from chassis.persistence.loading import Load, preload

M = TypeVar("M", bound=Message)
HandlerFunction = Callable[[M, AsyncSession], Awaitable[Reply | AnswerLater | None]]


class HandlerError(TypeError):
    """A handler breaks its contract."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handler:
    """A function for one message type; see `handle`."""

    message: type[Message]
    function: HandlerFunction[Any]
    loads: tuple[Load, ...] = ()
    publishes: tuple[type[Event], ...] = ()


def handle(
    message: type[M],
    function: HandlerFunction[M],
    *,
    loads: Sequence[Load] = (),
    publishes: Sequence[type[Event]] = (),
) -> Handler:
    """Handle a message type.

    The function takes one message and the session of its transaction, which it never commits. It
    returns the reply to a command, a business refusal included, or `answer_later()`, and None for
    an event; it raises for what is broken only, and the message is then tried again. What `loads`
    names is loaded and locked for the whole batch beforehand, so `session.get` in the function
    costs no statement. `publishes` says which events come of it, at once or later: what a
    choreography is drawn from.
    """
    return Handler(
        message=message, function=function, loads=tuple(loads), publishes=tuple(publishes)
    )


class HandlerProcessor:
    """Runs handlers, each once for every message of a batch, in one transaction.

    Commands are answered on the channel that they name, and the participant barrier stands before
    those that belong to a saga.
    """

    def __init__(self, handlers: Sequence[Handler], outbox: Outbox) -> None:
        self.handlers = {handler.message.wire_type: handler for handler in handlers}
        self._outbox = outbox

    def read(self, received: ReceivedMessage) -> Message:
        handler = self.handlers.get(received.wire_type)
        if handler is None:
            raise UnknownTypeError(f"nothing here handles {received.wire_type}")
        try:
            return handler.message.from_body(received.body)
        except ValidationError as error:
            raise UnreadableMessageError(without_values(error)) from error

    async def process(self, session: AsyncSession, deliveries: Sequence[Delivery]) -> None:
        late = LateAnswers()
        barrier = Barrier((step for delivery in deliveries for step in delivery.earlier), late)
        await preload(session, self._loads(deliveries))
        for delivery in deliveries:
            with handling(delivery.received, delivery.span):
                await self._handle(session, delivery, barrier, late)
        await late.write(session)
        await barrier.write(session)

    def _loads(self, deliveries: Sequence[Delivery]) -> list[tuple[Load, object]]:
        return [
            (load, delivery.message)
            for delivery in deliveries
            for load in self.handlers[delivery.received.wire_type].loads
        ]

    async def _handle(
        self, session: AsyncSession, delivery: Delivery, barrier: Barrier, late: LateAnswers
    ) -> None:
        received = delivery.received
        question = Question.of(received)
        recorded = barrier.answer(received.saga) if received.saga else None
        if recorded is not None:
            if recorded.outcome is not None:
                self._answer(session, delivery, question, recorded, recorded.outcome)
            return
        handler = self.handlers[received.wire_type]
        with caused_by(session, _cause(received)), asked(session, question) as asking:
            reply = delivery.refusal or await _run(handler, delivery, session)
        if isinstance(reply, AnswerLater):
            late.expect(asking)
            if received.saga is not None:
                barrier.put_off(received.saga)
        elif reply is None:
            _check_unanswered(delivery)
            if received.saga is not None:
                barrier.record(received.saga, NobodyAsked())
        else:
            if received.saga is not None:
                barrier.record(received.saga, reply)
            self._answer(session, delivery, question, reply, Outcome.of(reply))

    def _answer(
        self,
        session: AsyncSession,
        delivery: Delivery,
        question: Question | None,
        reply: Encodable,
        outcome: Outcome,
    ) -> None:
        if outcome is Outcome.REFUSED and delivery.span is not None:
            delivery.span.refused()
        if question is not None:
            self._outbox.add(session, question.answered(reply, outcome))


async def _run(
    handler: Handler, delivery: Delivery, session: AsyncSession
) -> Reply | AnswerLater | None:
    try:
        return await handler.function(delivery.message, session)
    except LockTakenError as error:
        error.message_id = delivery.received.message_id
        raise


def _cause(received: ReceivedMessage) -> Cause:
    return Cause(
        correlation_id=received.correlation_id,
        causation_id=received.message_id,
        saga_type=received.saga.saga_type if received.saga else None,
    )


def _check_unanswered(delivery: Delivery) -> None:
    if delivery.received.reply_to is not None:
        raise HandlerError(
            f"the handler of {delivery.received.wire_type} returned no reply, "
            f"and {delivery.received.source} waits for one: return a Reply or a Refusal"
        )
