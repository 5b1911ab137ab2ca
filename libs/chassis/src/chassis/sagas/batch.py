"""Sagas that move together in one transaction."""

import random
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from chassis.ids import new_id
from chassis.sagas.definitions import Definitions
from chassis.sagas.effects import Effect, StartSubSaga, Transition
from chassis.sagas.happened import Happened, Started
from chassis.sagas.state import LogEntry, Parent, SagaInstance
from chassis.sagas.transition import advance
from chassis.telemetry.current import tracing

if TYPE_CHECKING:
    from chassis.telemetry.saga_steps import StoredTrace
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
    """Instances, and how they move; one may move several times, and start others."""

    def __init__(self, definitions: Definitions, instances: Mapping[UUID, SagaInstance]) -> None:
        self._definitions = definitions
        self._before = instances
        self._after = dict(instances)
        self._spans: dict[UUID, SagaMove] = {}
        self.moves: list[Move] = []

    def __contains__(self, saga_id: UUID) -> bool:
        return saga_id in self._after

    def start(self, instance: SagaInstance, trace: "StoredTrace | None" = None) -> None:
        """Begin a new instance with its first steps; `trace` is that of its parent's step."""
        self._after[instance.saga_id] = instance
        self._move(instance.saga_id, Started(), trace)

    def move(self, saga_id: UUID, happened: Happened) -> None:
        """Move one instance on by one thing that happened; the current span is its cause."""
        earlier = self._spans.get(saga_id)
        self._move(saga_id, happened, earlier.trace if earlier else None)

    @property
    def moved(self) -> list[SagaInstance]:
        """The instances that are not as they were; ask once all effects are carried out."""
        return [
            self._with_trace(after)
            for key, after in self._after.items()
            if key in self._before and after is not self._before[key]
        ]

    @property
    def started(self) -> list[SagaInstance]:
        """The new instances; ask once all effects are carried out."""
        new = (after for key, after in self._after.items() if key not in self._before)
        return [self._with_trace(after) for after in new]

    @property
    def log(self) -> list[LogEntry]:
        """What is told of the instances that were there before."""
        return [
            entry
            for move in self.moves
            if move.transition.after.saga_id in self._before
            for entry in move.transition.entries
        ]

    def log_of(self, started: SagaInstance) -> list[LogEntry]:
        """What is told of a new instance."""
        return [
            entry
            for move in self.moves
            if move.transition.after.saga_id == started.saga_id
            for entry in move.transition.entries
        ]

    def _move(self, saga_id: UUID, happened: Happened, trace: "StoredTrace | None") -> None:
        instance = self._after[saga_id]
        saga = self._definitions.of(instance.saga_type, instance.definition_version)
        transition = advance(
            saga,
            instance,
            happened,
            now=datetime.now(UTC),
            new_id=new_id,
            random=random.random,
        )
        self._after[saga_id] = transition.after
        self.moves.append(Move(transition, self._follow(saga_id, transition, trace)))
        for effect in transition.effects:
            if isinstance(effect, StartSubSaga):
                self._start_child(transition.after, effect)

    def _start_child(self, parent: SagaInstance, effect: StartSubSaga) -> None:
        spans = self._spans.get(parent.saga_id)
        child = SagaInstance(
            saga_id=effect.saga_id,
            saga_type=effect.step.saga.saga_type,
            definition_version=effect.step.saga.version,
            subject_key=parent.subject_key,
            created_at=datetime.now(UTC),
            data=effect.data,
            parent=Parent(
                saga_type=parent.saga_type, saga_id=parent.saga_id, step=effect.step.name
            ),
        )
        self.start(child, spans.trace_of_step(effect.step.name) if spans else None)

    def _follow(
        self, saga_id: UUID, transition: Transition, earlier: "StoredTrace | None"
    ) -> "SagaMove | None":
        traced = tracing()
        if traced is None:
            return None
        spans = traced.sagas.follow(transition, earlier)
        self._spans[saga_id] = spans
        return spans

    def _with_trace(self, instance: SagaInstance) -> SagaInstance:
        spans = self._spans.get(instance.saga_id)
        return instance if spans is None else replace(instance, trace=spans.trace.encode())
