"""Sagas by orchestration: declare one with `Saga`, start it with a `SagaOrchestrator`."""

from chassis.sagas.checks import SagaDefinitionError
from chassis.sagas.definition import Saga, SagaDefinition
from chassis.sagas.happened import Intervened, Intervention, InterventionRefusedError
from chassis.sagas.history import SagaHistory, saga_history
from chassis.sagas.instances import UnknownInstanceError
from chassis.sagas.orchestrator import SagaOrchestrator
from chassis.sagas.state import SagaState
from chassis.sagas.steps import (
    COMPENSATABLE,
    PIVOT,
    RETRIABLE,
    Retry,
    command,
    local,
    minutes,
    seconds,
)
from chassis.sagas.timers import SagaTimers

__all__ = (
    "COMPENSATABLE",
    "PIVOT",
    "RETRIABLE",
    "Intervened",
    "Intervention",
    "InterventionRefusedError",
    "Retry",
    "Saga",
    "SagaDefinition",
    "SagaDefinitionError",
    "SagaHistory",
    "SagaOrchestrator",
    "SagaState",
    "SagaTimers",
    "UnknownInstanceError",
    "command",
    "local",
    "minutes",
    "saga_history",
    "seconds",
)
