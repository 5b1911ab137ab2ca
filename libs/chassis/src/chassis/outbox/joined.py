"""Writing what was published so far together with something else: a round trip less."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.outbox.session import outbox_session
from chassis.persistence.database import fetch_all
from chassis.persistence.driver import Rows


async def fetch_all_with_messages(session: AsyncSession, sql: str, *arguments: Any) -> Rows:
    """Run a statement that inserts the session's messages as well, by `insert_messages`.

    Their parameters are the last. What the caller has changed is flushed before.
    """
    await session.flush()
    columns = outbox_session(session).unwritten_columns()
    return await fetch_all(session, sql, *arguments, *columns)
