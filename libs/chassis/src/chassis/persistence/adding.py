"""Adding what may be there already."""

from sqlalchemy import inspect
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession


async def add_if_new(session: AsyncSession, entity: object) -> bool:
    """Insert the entity unless its primary key is taken; says whether it was new.

    Either way the row with that key is there afterwards, also where another transaction inserts it
    at the same time: that one is waited for. The session does not keep the entity.
    """
    mapper = inspect(type(entity))
    columns = {column: mapper.get_property_by_column(column).key for column in mapper.columns}
    values = {column: getattr(entity, name) for column, name in columns.items()}
    statement = insert(mapper.local_table).values(values).on_conflict_do_nothing()
    added = await session.execute(statement.returning(*mapper.primary_key))
    return added.one_or_none() is not None
