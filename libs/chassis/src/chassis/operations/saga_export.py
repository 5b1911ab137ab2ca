"""Taking a saga out of a database, to be replayed against later versions of the code."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from chassis.operations.errors import NotThereError, OperatorError
from chassis.sagas.definition import SagaDefinition
from chassis.sagas.recorded import INSTANCE, LOG, RecordedSaga
from chassis.sagas.replaying import ReplayDifferenceError, with_commands


async def recorded_saga(
    connection: asyncpg.Connection, saga_id: UUID, definitions: Sequence[SagaDefinition]
) -> RecordedSaga:
    """What happened to a saga, with what it sent, within the caller's transaction.

    Raises NotThereError for an id that is none of a saga of this service, and OperatorError where
    its definition is not among those given, or does not do what the log says.
    """
    instance = await connection.fetchrow(INSTANCE, saga_id)
    if instance is None:
        raise NotThereError(f"There is no saga {saga_id} in this database")
    recorded = RecordedSaga.of_rows(instance, await connection.fetch(LOG, saga_id))
    wanted = (recorded.saga_type, recorded.definition_version)
    for saga in definitions:
        if (saga.saga_type, saga.version) == wanted:
            return _with_commands(saga, recorded)
    raise OperatorError(f"The service declares no version {wanted[1]} of {wanted[0]}")


def _with_commands(saga: SagaDefinition, recorded: RecordedSaga) -> RecordedSaga:
    try:
        return with_commands(saga, recorded)
    except ReplayDifferenceError as error:
        raise OperatorError(
            f"The saga cannot be replayed with the code that is installed here: {error}"
        ) from error
