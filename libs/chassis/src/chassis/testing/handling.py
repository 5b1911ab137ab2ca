"""Handling messages in a test: as a batch on a real database, without a broker."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.consumers.answers import Question
from chassis.consumers.handlers import Handler
from chassis.consumers.late import AnswerLater, asked
from chassis.ids import new_id
from chassis.messaging.contracts import Message, Reply
from chassis.persistence.database import Database
from chassis.persistence.loading import preload


async def handle_batch(
    database: Database, handlers: Sequence[Handler], messages: Sequence[Message]
) -> list[Reply | AnswerLater | None]:
    """Handle messages in one transaction, as a consumer does: what they load is loaded first.

    Returns the replies in the order of the messages. Inbox, barrier and outbox stay out of it, and
    a token that a handler takes is good for nothing.
    """
    of_type = {handler.message: handler for handler in handlers}
    needed = [(load, one) for one in messages for load in of_type[type(one)].loads]
    async with database.sessions.begin() as session:
        await preload(session, needed)
        return [await _handle(session, of_type[type(one)], one) for one in messages]


async def _handle(
    session: AsyncSession, handler: Handler, message: Message
) -> Reply | AnswerLater | None:
    question = Question(
        command_id=new_id(),
        wire_type=message.wire_type,
        correlation_id="a-test",
        reply_to="a-test.replies",
        saga=None,
    )
    with asked(session, question):
        reply: Reply | AnswerLater | None = await handler.function(message, session)
    return reply
