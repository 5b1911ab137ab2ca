"""Sagas that move together in one transaction."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from chassis.ids import new_id
from chassis.sagas.definitions import Definitions
from chassis.sagas.effects import Effect, Transition
from chassis.sagas.happened import Happened
from chassis.sagas.state import LogEntry, SagaInstance
from chassis.sagas.transition import advance
from chassis.telemetry.current import tracing

if TYPE_CHECKING:
    from chassis.telemetry.sagas import SagaMove

_NOTHING: AbstractContextManager[object] = nullcontext()


@dataclass(frozen=True, slots=True)
class Move:
    """A transition, with its spans where tracing is on."""

    transition: Transition
    spans: "SagaMove | None" = None

    def around(self, effect: Effect) -> AbstractContextManager[object]:
        """To carry an effect out in."""
        return _NOTHING if self.spans is None else self.spans.around(effect)

    def telling(self) -> AbstractContextManager[object]:
        """To log in."""
        return _NOTHING if self.spans is None else self.spans.telling()


class Batch:
    """Instances, and how they move; one may move several times."""

    def __init__(self, definitions: Definitions, instances: Mapping[UUID, SagaInstance]) -> None:
        self._definitions = definitions
        self._before = instances
        self._after = dict(instances)
        self._spans: dict[UUID, SagaMove] = {}
        self.moves: list[Move] = []

    def __contains__(self, saga_id: UUID) -> bool:
        return saga_id in self._after

    def move(self, saga_id: UUID, happened: Happened) -> None:
        """Move one instance on by one thing that happened; the current span is its cause."""
        instance = self._after[saga_id]
        saga = self._definitions.of(instance.saga_type, instance.definition_version)
        transition = advance(saga, instance, happened, now=datetime.now(UTC), new_id=new_id)
        self._after[saga_id] = transition.after
        self.moves.append(Move(transition, self._follow(saga_id, transition)))

    @property
    def moved(self) -> list[SagaInstance]:
        """The instances that are not as they were; ask once all effects are carried out."""
        return [
            self._with_trace(after)
            for key, after in self._after.items()
            if after is not self._before[key]
        ]

    @property
    def log(self) -> list[LogEntry]:
        return [entry for move in self.moves for entry in move.transition.entries]

    def _follow(self, saga_id: UUID, transition: Transition) -> "SagaMove | None":
        traced = tracing()
        if traced is None:
            return None
        earlier = self._spans.get(saga_id)
        spans = traced.sagas.follow(transition, earlier.trace if earlier else None)
        self._spans[saga_id] = spans
        return spans

    def _with_trace(self, instance: SagaInstance) -> SagaInstance:
        spans = self._spans.get(instance.saga_id)
        return instance if spans is None else replace(instance, trace=spans.trace.encode())
