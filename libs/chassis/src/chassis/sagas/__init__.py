"""Sagas by orchestration: declare one with `Saga`, start it with a `SagaOrchestrator`."""

from chassis.sagas.checks import SagaDefinitionError
from chassis.sagas.declaring import command, local, notify, parallel, sub_saga
from chassis.sagas.definition import Saga, SagaDefinition
from chassis.sagas.family import SagaCompensated, SagaCompleted
from chassis.sagas.happened import Intervened, Intervention, InterventionRefusedError
from chassis.sagas.history import SagaHistory, saga_history
from chassis.sagas.instances import UnknownInstanceError
from chassis.sagas.orchestrator import SagaOrchestrator
from chassis.sagas.retry import Retry
from chassis.sagas.state import SagaState
from chassis.sagas.steps import (
    ASK,
    COMPENSATABLE,
    COMPENSATE,
    PIVOT,
    RESEND,
    RETRIABLE,
    minutes,
    seconds,
)
from chassis.sagas.timers import SagaTimers

__all__ = (
    "ASK",
    "COMPENSATABLE",
    "COMPENSATE",
    "PIVOT",
    "RESEND",
    "RETRIABLE",
    "Intervened",
    "Intervention",
    "InterventionRefusedError",
    "Retry",
    "Saga",
    "SagaCompensated",
    "SagaCompleted",
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
    "notify",
    "parallel",
    "saga_history",
    "seconds",
    "sub_saga",
)
