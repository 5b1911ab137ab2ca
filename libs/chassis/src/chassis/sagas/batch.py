"""Sagas that move together in one transaction."""

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from chassis.ids import new_id
from chassis.sagas.definitions import Definitions
from chassis.sagas.effects import Transition
from chassis.sagas.happened import Happened
from chassis.sagas.state import LogEntry, SagaInstance
from chassis.sagas.transition import advance


class Batch:
    """Instances, and how they move; one may move several times."""

    def __init__(self, definitions: Definitions, instances: Mapping[UUID, SagaInstance]) -> None:
        self._definitions = definitions
        self._before = instances
        self._after = dict(instances)
        self.transitions: list[Transition] = []

    def __contains__(self, saga_id: UUID) -> bool:
        return saga_id in self._after

    def move(self, saga_id: UUID, happened: Happened) -> None:
        """Move one instance on by one thing that happened."""
        instance = self._after[saga_id]
        saga = self._definitions.of(instance.saga_type, instance.definition_version)
        transition = advance(saga, instance, happened, now=datetime.now(UTC), new_id=new_id)
        self._after[saga_id] = transition.after
        self.transitions.append(transition)

    @property
    def moved(self) -> list[SagaInstance]:
        """The instances that are not as they were."""
        return [after for key, after in self._after.items() if after is not self._before[key]]

    @property
    def log(self) -> list[LogEntry]:
        return [entry for transition in self.transitions for entry in transition.entries]
