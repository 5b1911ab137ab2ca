"""Handling messages in a test: as a batch on a real database, without a broker."""

from collections.abc import Sequence

from chassis.consumers.handlers import Handler
from chassis.messaging.contracts import Message, Reply
from chassis.persistence.database import Database
from chassis.persistence.loading import preload


async def handle_batch(
    database: Database, handlers: Sequence[Handler], messages: Sequence[Message]
) -> list[Reply | None]:
    """Handle messages in one transaction, as a consumer does: what they load is loaded first.

    Returns the replies in the order of the messages. Inbox, barrier and outbox stay out of it.
    """
    of_type = {handler.message: handler for handler in handlers}
    needed = [(load, one) for one in messages for load in of_type[type(one)].loads]
    async with database.sessions.begin() as session:
        await preload(session, needed)
        return [await of_type[type(one)].function(one, session) for one in messages]
